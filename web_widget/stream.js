/**
 * The event stream, only while a person is on the line: read by fetch, so that the token stays out of the address,
 * and in one visible tab, because a browser gives a host six connections. A lost line is taken up again at the
 * last event seen.
 *
 * @param {URL} url @param {{token: string, chat: string, cursor: number}} chat @param {AbortSignal} life
 * @param {(data: any) => boolean} take false once there is nobody to listen to
 */
export default async function stream(url, chat, life, take) {
  let last = String(chat.cursor);
  let more = true;
  const shown = () => new Promise(done => {
    const look = () => document.hidden ? 0 : (document.removeEventListener('visibilitychange', look), done(0));
    document.addEventListener('visibilitychange', look);
    look();
  });

  async function read() {
    const stop = new AbortController();
    const hide = () => document.hidden && stop.abort();
    document.addEventListener('visibilitychange', hide);
    try {
      url.searchParams.set('cursor', last);
      const response = await fetch(url, {
        headers: { Authorization: 'Bearer ' + chat.token, 'Last-Event-ID': last, Accept: 'text/event-stream' },
        signal: AbortSignal.any([stop.signal, life]),
      });
      if (!response.ok || !response.body) return void (more = response.status >= 500 || response.status === 429);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ''; more;) {
        const { value, done } = await reader.read();
        if (done) return;
        const events = (rest + value).split(/\r?\n\r?\n/);
        rest = events.pop() ?? '';
        for (const event of events) {
          const data = event.split(/\r?\n/).filter(l => l.startsWith('data:')).map(l => l.slice(5)).join('\n');
          last = /^id: ?(.*)$/m.exec(event)?.[1] ?? last;
          if (data) more = take(JSON.parse(data));
        }
      }
      stop.abort();
    } catch { /* hidden, or the line was lost: take it up again */ } finally {
      document.removeEventListener('visibilitychange', hide);
    }
  }

  const work = async () => {
    while (more && !life.aborted) {
      await shown();
      await read();
      if (more) await new Promise(done => setTimeout(done, 2000));
    }
  };
  await (navigator.locks ? navigator.locks.request('chatsurvey:' + chat.chat, { signal: life }, work).catch(() => 0) : work());
}
