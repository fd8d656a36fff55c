-- ARGV: now (of the caller), now (of the clock), {{id, gen, state or -1 for done, due or -1, failed, error, cut}}, also, ...
local touched, now = tonumber(ARGV[1]), tonumber(ARGV[2])
for _, s in ipairs(unpack_(ARGV[3])) do
  local id, gen, state, due = s[1], s[2], s[3], s[4]
  local job = read(id)
  if job and job[GEN] ~= gen and job[STATE] == RUNNING then  -- upserted since: it waits again as it is now
    unlist(id, job)
    job[STATE], job[LEASE], job[TOUCHED], job[CUT] = WAITING, 0, touched, s[7]
    keep(id, job)
  elseif job and job[GEN] == gen and state == -1 then
    drop(id, job)
  elseif job and job[GEN] == gen and job[STATE] == RUNNING then
    unlist(id, job)
    job[STATE], job[LEASE], job[TOUCHED], job[CUT] = state, 0, touched, s[7]
    job[ATTEMPT], job[ERROR] = job[ATTEMPT] + s[5], s[6]
    if due >= 0 then job[DUE] = due end
    keep(id, job)
  end
end
land(unpack_(ARGV[4]), now, 5)
return DONE
