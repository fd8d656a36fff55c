-- ARGV: list (f: failed before, w: all that wait), kind, now, until, limit. Answers how many it has moved: fewer than the
-- limit where no more are left. Of all (w) also those that run, of which there are few: upserted meanwhile, they wait.
local kind, now = ARGV[2], tonumber(ARGV[3])
local ids = call('ZRANGEBYSCORE', B .. ':' .. ARGV[1] .. ':' .. kind, '(' .. text(now), ARGV[4], 'LIMIT', 0, ARGV[5])
for _, id in ipairs(ids) do
  local job = read(id)
  job[DUE] = now
  keep(id, job)
end
if ARGV[1] == 'w' then
  for _, id in ipairs(call('ZRANGE', B .. ':r:' .. kind, 0, -1)) do
    local job = read(id)
    if job[DUE] > now and job[DUE] <= tonumber(ARGV[4]) then
      job[DUE] = now
      keep(id, job)
    end
  end
end
return #ids
