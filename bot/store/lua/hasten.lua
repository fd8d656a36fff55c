-- ARGV: kind, now, limit. Answers how many it has moved: fewer than the limit where no more are left.
local kind, now = ARGV[1], tonumber(ARGV[2])
local ids = call('ZRANGEBYSCORE', B .. ':f:' .. kind, '(' .. text(now), '+inf', 'LIMIT', 0, ARGV[3])
for _, id in ipairs(ids) do
  local job = read(id)
  job[DUE] = now
  keep(id, job)
end
return #ids
