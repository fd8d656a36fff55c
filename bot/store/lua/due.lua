-- ARGV: now, whose clock leases end by. {{kind, when the next of it is due or its next lease ends}}; forgets kinds without a job
local found, now = {}, tonumber(ARGV[1])
local here = lease_clock(ARGV[2], now)
for _, kind in ipairs(call('SMEMBERS', B .. ':k')) do
  local waiting = call('ZRANGE', B .. ':w:' .. kind, 0, 0, 'WITHSCORES')[2]
  local running = call('ZRANGE', B .. ':r:' .. kind, 0, 0, 'WITHSCORES')[2]
  local last = call('ZREVRANGE', B .. ':r:' .. kind, 0, 0, 'WITHSCORES')[2]
  if last and tonumber(last) > here + LONGEST_LEASE then running = here end
  local at = math.min(tonumber(waiting) or math.huge, (tonumber(running) or math.huge) - here + now)
  if at < math.huge then
    found[#found + 1] = {kind, at}
  elseif call('EXISTS', B .. ':d:' .. kind) == 0 then
    call('SREM', B .. ':k', kind)
  end
end
return found
