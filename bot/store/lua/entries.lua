-- ARGV: chat, after. The turns that hold what comes after, each "last seq\n" .. lines; read from the end.
local key, after = B .. ':l:' .. ARGV[1], tonumber(ARGV[2])
if after <= 0 then return call('LRANGE', key, 0, -1) end
local from = 0
while true do
  local turn = call('LINDEX', key, from - 1)
  if not turn or tonumber(string.match(turn, '^(%d+)\n')) <= after then break end
  from = from - 1
end
if from == 0 then return {} end
return call('LRANGE', key, from, -1)
