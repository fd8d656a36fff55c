-- ARGV: now. {{kind, when the next of it is due or its next lease ends}}; forgets kinds without a job
local found = {}
for _, kind in ipairs(call('SMEMBERS', B .. ':k')) do
  local waiting = call('ZRANGE', B .. ':w:' .. kind, 0, 0, 'WITHSCORES')[2]
  local running = call('ZRANGE', B .. ':r:' .. kind, 0, 0, 'WITHSCORES')[2]
  local last = call('ZREVRANGE', B .. ':r:' .. kind, 0, 0, 'WITHSCORES')[2]
  if last and tonumber(last) > tonumber(ARGV[1]) + LONGEST_LEASE then running = ARGV[1] end
  local at = math.min(tonumber(waiting) or math.huge, tonumber(running) or math.huge)
  if at < math.huge then
    found[#found + 1] = {kind, at}
  elseif call('EXISTS', B .. ':d:' .. kind) == 0 then
    call('SREM', B .. ':k', kind)
  end
end
return found
