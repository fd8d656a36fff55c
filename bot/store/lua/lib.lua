-- Put before every script. KEYS[1] is the shard's base key, whose hash tag puts all that is named after it in one slot.
--
--   B:c:<chat>      "version seq\n" .. body          B:l:<chat>  list of turns, each "last seq\n" .. lines
--   B:a:<chat>      hash: its names -> their tokens  B:e:<event> when it was committed (ms), or "x" and the tokens fenced off
--   B:j             hash: job id -> packed job       B:k         the kinds that have a job here
--   B:w|r|d:<kind>  jobs that wait, run, are dead, by due time (running ones by the end of their lease)
--   B:f:<kind>      those of w that have failed before, by due time
--   B:x:<kind>\n<id>  "version\n" .. body of a document;  B:i:<kind>  the ids of a kind
--   B:o             hash: what was committed here for other shards and is not known to be there yet
--   B:g             the last generation of a job
--   B:m:<group>     hash: name of a mark -> "until\n" .. value, by the server's clock in ms
local B = KEYS[1]
local call, unpack_, pack_ = redis.call, cmsgpack.unpack, cmsgpack.pack
local KIND, DUE, PAYLOAD, GEN, ATTEMPT, STATE, LEASE, ERROR, CREATED, TOUCHED, CUT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
local WAITING, RUNNING, DEAD = 0, 1, 2
local LONGEST_LEASE = 600000
local LISTS = {[0] = ':w:', [1] = ':r:', [2] = ':d:'}

local function text(number) return string.format('%.0f', number) end

local function server_time()
  local now = call('TIME')
  return tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
end

-- By whose clock leases end: where several hosts claim, that of the server, for theirs may differ.
local function lease_clock(whose, now) return whose == 'server' and server_time() or now end

local function read(id)
  local raw = call('HGET', B .. ':j', id)
  return raw and unpack_(raw)
end

local function unlist(id, job)
  call('ZREM', B .. LISTS[job[STATE]] .. job[KIND], id)
  if job[STATE] == WAITING and job[ATTEMPT] > 0 then call('ZREM', B .. ':f:' .. job[KIND], id) end
end

local function keep(id, job)
  local at = text(job[STATE] == RUNNING and job[LEASE] or job[DUE])
  call('HSET', B .. ':j', id, pack_(job))
  call('ZADD', B .. LISTS[job[STATE]] .. job[KIND], at, id)
  if job[STATE] == WAITING and job[ATTEMPT] > 0 then call('ZADD', B .. ':f:' .. job[KIND], at, id) end
end

local function drop(id, job)
  unlist(id, job)
  call('HDEL', B .. ':j', id)
end

-- Never given twice for one id: it rises, and begins at the clock's microseconds where the shard is new.
local function next_gen(now)
  local gen = math.max(tonumber(call('GET', B .. ':g') or 0) + 1, now * 1000)
  call('SET', B .. ':g', text(gen))
  return gen
end

-- wanted: {id, kind, due, payload, gathers}
local function upsert(wanted, now)
  local id, kind, due, old = wanted[1], wanted[2], wanted[3], read(wanted[1])
  if old and wanted[5] and old[STATE] == WAITING and old[ATTEMPT] == 0 and old[DUE] <= due then return end
  local gen = next_gen(now)
  local job = {kind, due, wanted[4], gen, 0, WAITING, 0, '', now, 0, false}
  if old then
    unlist(id, old)
    job[GEN] = math.max(gen, old[GEN] + 1)
    if old[STATE] == RUNNING then job[STATE], job[LEASE] = RUNNING, old[LEASE] end
    job[CREATED], job[TOUCHED], job[CUT] = old[CREATED], old[TOUCHED], old[CUT]
  end
  call('SADD', B .. ':k', kind)
  keep(id, job)
end

-- nil where the document is not there
local function doc_version(kind, id)
  local head = call('GETRANGE', B .. ':x:' .. kind .. '\n' .. id, 0, 20)
  return tonumber(string.match(head, '^(%d+)\n'))
end

local function keep_doc(kind, id, version, body)
  local key = B .. ':x:' .. kind .. '\n' .. id
  if body == '' then
    call('DEL', key)
    call('ZREM', B .. ':i:' .. kind, id)
  else
    call('SET', key, text(version) .. '\n' .. body)
    call('ZADD', B .. ':i:' .. kind, 0, id)
  end
end

-- also: {jobs, cancelled ids, {{kind, id, version or 0} of documents}, {{chat, name, token}}}; the documents' bodies and then pairs of
-- (id, what is for another shard) stand in ARGV from `at` on
local function land(also, now, at)
  for _, id in ipairs(also[2]) do
    local job = read(id)
    if job then drop(id, job) end
  end
  for _, wanted in ipairs(also[1]) do upsert(wanted, now) end
  for _, doc in ipairs(also[3]) do
    local next = (doc_version(doc[1], doc[2]) or 0) + 1
    if doc[3] == 0 or doc[3] == next then keep_doc(doc[1], doc[2], next, ARGV[at]) end
    at = at + 1
  end
  for _, name in ipairs(also[4]) do call('HSET', B .. ':a:' .. name[1], name[2], name[3]) end
  for i = at, #ARGV, 2 do call('HSET', B .. ':o', ARGV[i], ARGV[i + 1]) end
end

local EVENT_KEPT = 2 * 86400000
local DONE, LOST, REPEATED, FENCED = 0, 1, 2, 3

-- Why a commit with these events cannot be taken, or nil
local function refused(events, token, now)
  for _, event in ipairs(events) do
    local at = call('GET', B .. ':e:' .. event)
    if at and string.sub(at, 1, 1) == 'x' and string.find(at, ' ' .. token, 2, true) then return FENCED end
    if at and tonumber(at) and tonumber(at) > now - EVENT_KEPT then return REPEATED end
  end
end

-- They expire a little later than they count, so that a host's clock behind the server's finds them still.
local function remember(events, now)
  for _, event in ipairs(events) do call('SET', B .. ':e:' .. event, text(now), 'PX', EVENT_KEPT + 600000) end
end

local function row(id, job)
  return {id, job[KIND], job[DUE], job[PAYLOAD], job[GEN], job[ATTEMPT], job[CUT] and 1 or 0, job[STATE], job[ERROR],
    job[CREATED], job[TOUCHED]}
end
