-- ARGV: chats. The version of each, 0 where it is not there.
local found = {}
for i, chat in ipairs(ARGV) do
  found[i] = tonumber(string.match(call('GETRANGE', B .. ':c:' .. chat, 0, 20), '^(%d+) ') or 0)
end
return found
