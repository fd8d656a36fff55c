-- A turn. ARGV: now, chat, expected version, version, seq, number of entries, body, lines, {also.., events, token}, ...
-- Answers DONE, LOST, REPEATED, FENCED, or -1 - seq where the entries do not follow the log.
local now, chat, entries = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[6])
local meta = unpack_(ARGV[9])
local no = refused(meta[5], meta[6], now)
if no then return no end
local key = B .. ':c:' .. chat
local version, seq = string.match(call('GETRANGE', key, 0, 40), '^(%d+) (%d+)\n')
if (version or '0') ~= ARGV[3] then return LOST end
seq = tonumber(seq or 0)
if seq + entries ~= tonumber(ARGV[5]) then return -1 - seq end
call('SET', key, ARGV[4] .. ' ' .. ARGV[5] .. '\n' .. ARGV[7])
if entries > 0 then call('RPUSH', B .. ':l:' .. chat, ARGV[5] .. '\n' .. ARGV[8]) end
remember(meta[5], now)
land(meta, now, 10)
return DONE
