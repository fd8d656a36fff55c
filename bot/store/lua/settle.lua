-- ARGV: now (of the caller), now (of the clock), {{id, gen, state or -1 for done, due or -1, failed, error, cut, lease}},
-- also, ... A job that another has claimed since is left to them: its lease ends at another time.
local touched, now = tonumber(ARGV[1]), tonumber(ARGV[2])
for _, s in ipairs(unpack_(ARGV[3])) do
  local id, gen, state, due = s[1], s[2], s[3], s[4]
  local job = read(id)
  if job and job[STATE] == RUNNING and job[LEASE] == s[8] then
    if job[GEN] == gen and state == -1 then
      drop(id, job)
    else
      unlist(id, job)
      job[LEASE], job[TOUCHED], job[CUT] = 0, touched, s[7]
      if job[GEN] == gen then
        job[STATE], job[ATTEMPT], job[ERROR] = state, job[ATTEMPT] + s[5], s[6]
        if due >= 0 then job[DUE] = due end
      else  -- upserted since: it waits again as it is now
        job[STATE] = WAITING
      end
      keep(id, job)
    end
  end
end
land(unpack_(ARGV[4]), now, 5)
return DONE
