-- ARGV: list (f: failed before, w: all that wait), kind, now, until, limit. Answers how many it has moved: fewer than the
-- limit where no more are left.
local kind, now = ARGV[2], tonumber(ARGV[3])
local ids = call('ZRANGEBYSCORE', B .. ':' .. ARGV[1] .. ':' .. kind, '(' .. text(now), ARGV[4], 'LIMIT', 0, ARGV[5])
for _, id in ipairs(ids) do
  local job = read(id)
  job[DUE] = now
  keep(id, job)
end
return #ids
