-- KEYS[1] is a name: a list of "token chat", the newest first. They count once their chat says so (B:a:<chat>).
-- ARGV: entry, what. put: before the commit. taken: it was committed, older ones go. lost: it was not.
local key, entry, what = KEYS[1], ARGV[1], ARGV[2]
if what == 'put' then return redis.call('LPUSH', key, entry) end
if what == 'lost' then return redis.call('LREM', key, 1, entry) end
local at = redis.call('LPOS', key, entry)
if at then redis.call('LTRIM', key, 0, at) end
return at
