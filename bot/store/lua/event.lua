-- A reservation (KEYS[1] is its key), ARGV: reserve | release, "token home". Answers who else holds it, or nothing.
-- In the shard that holds it (KEYS[1] is its base), ARGV: look | fence, event, token, now. 1: committed, -1: no more, 0: not.
local what, mine = ARGV[1], ARGV[2]
if what == 'reserve' then
  local theirs = call('GET', B)
  if theirs and theirs ~= mine then return theirs end
  call('SET', B, mine, 'PX', EVENT_KEPT + 600000)
  return nil
elseif what == 'release' then
  if call('GET', B) == mine then call('DEL', B) end
  return nil
end
local key = B .. ':e:' .. mine
local at = call('GET', key)
if at and tonumber(at) then return tonumber(at) > tonumber(ARGV[4]) - EVENT_KEPT and 1 or -1 end
if what == 'fence' then call('SET', key, (at or 'x') .. ' ' .. ARGV[3], 'PX', EVENT_KEPT) end
return 0
