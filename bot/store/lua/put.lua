-- A document by compare-and-set. ARGV: now, kind, id, expected version, body, {also.., events, token}, ...
local now, expected = tonumber(ARGV[1]), tonumber(ARGV[4])
local meta = unpack_(ARGV[6])
local no = refused(meta[5], meta[6], now)
if no then return no end
if (doc_version(ARGV[2], ARGV[3]) or 0) ~= expected then return LOST end
keep_doc(ARGV[2], ARGV[3], expected + 1, ARGV[5])
remember(meta[5], now)
land(meta, now, 7)
return DONE
