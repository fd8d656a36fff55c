-- Where all is in one shard. ARGV: name, peer. The rows of chats under that name that count, the newest first, and that
-- of the chat whose id is the peer.
local rows = {}
for _, entry in ipairs(call('LRANGE', B .. ':n:' .. ARGV[1], 0, -1)) do
  local token, chat = string.match(entry, '^(%S+) (.*)$')
  if call('HGET', B .. ':a:' .. chat, ARGV[1]) == token then rows[#rows + 1] = call('GET', B .. ':c:' .. chat) end
end
rows[#rows + 1] = call('GET', B .. ':c:' .. ARGV[2])
return rows
