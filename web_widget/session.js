/**
 * One chat as the server tells it, and what this browser has not yet been able to send.
 *
 * Guarantees: an answer gets its id once and is kept in localStorage until the server has acknowledged it, so a
 * reload, a lost network or a second tab neither loses nor doubles it; answers are sent in order, one at a time.
 * The server's log is the truth; `hide` only folds lines away from view (a corrected answer, a question that was
 * asked again in another language). Other tabs hear of a change by the storage event.
 *
 * A bot's line with a name says who has joined or left. A line that `replaces` another is not shown: it gave that one
 * its text, none where it was taken back.
 *
 * @typedef {{seq: number, at: string, author: 'bot'|'visitor'|'agent', text: string, name?: string, id?: string,
 *   replaces?: number, link?: {label: string, url: string}}} Entry
 * @typedef {{value: string|number, label: string}} Option
 * @typedef {{step: string, fence: number, kind: string, options?: Option[], low?: string, high?: string,
 *   skip?: boolean, suggest?: Option[], prefill?: string|number, placeholder?: string, note?: string, back?: boolean,
 *   progress?: {at: number, of: number}}} Ask
 * @typedef {{id: string, label?: string, action?: string, value?: unknown, text?: string, fence?: number}} Item
 */

const by = (/** @type {string} */ author) => (/** @type {Entry} */ e) => e.author === author && !e.link;

/** @param {any} env @param {() => void} changed */
export function session(env, changed) {
  const { get, signal } = env;
  /**
   * What localStorage holds: chat, token, cursor, lang, page, outbox, hide, top, left (questions; -1: a person), seen
   * (the cursor when the panel was last open), shown, closed, answered.
   */
  let kept = { outbox: [], hide: [], ...env.read() };
  /** @type {Entry[]} */
  let log = [];
  let tries = 0;
  let lost = 0; // streams that ended one after another without a word
  let listening = false;
  /** @type {any} */
  let timer;

  const save = () => env.write(kept);
  const api = (/** @type {string} */ path, /** @type {any} */ init) => fetch(new URL('api/v1/' + path, env.base), {
    ...init,
    headers: { 'Content-Type': 'application/json', ...(kept.token && { Authorization: 'Bearer ' + kept.token }), ...init.headers },
  });

  /**
   * @param {string} path @param {object} body @param {boolean} [quiet] whether nobody waits for it
   * @returns {Promise<any>} status 0: no network, or not our server
   */
  async function call(path, body, quiet) {
    // Dots after 300 ms, words after 2 s: a quick answer needs neither.
    const slow = (quiet ? [] : [300, 2000]).map((ms, i) => setTimeout(() => {
      chat.waiting = i + 1;
      changed();
    }, ms));
    chat.busy ||= !quiet;
    try {
      const response = await api(path, { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(15e3) });
      return { status: response.status, after: +response.headers.get('Retry-After'), data: await response.json() };
    } catch {
      return { status: 0 };
    } finally {
      slow.forEach(clearTimeout);
      if (!quiet) chat.busy = chat.waiting = 0;
    }
  }

  /** True where trying again may help, and then it is tried again. @param {any} reply @param {() => void} again */
  function failed({ status, after }, again) {
    if (status && status < 500 && !/408|429/.test(status)) return false;
    chat.retry = after || Math.min(2 ** ++tries, 60);
    timer = setTimeout(again, chat.retry * 1000);
    return true;
  }

  /** Take over what the server says. @param {any} data @param {string} [how] what this is the answer to @param {string} [id] */
  function apply(data, how, id) {
    const { ask, status } = chat;
    const before = chat.entries();
    /** @type {Entry[]} */
    const fresh = data.entries.filter((/** @type {Entry} */ e) => !log.some(known => known.seq === e.seq));
    const mine = fresh.find(by('visitor'));
    // The stream may be quicker than the answer to what was sent.
    if (mine) mine.id = id ?? kept.outbox.find((/** @type {Item} */ item) => item.text === mine.text)?.id;
    log = [...log, ...fresh].sort((a, b) => a.seq - b.seq);
    for (const { replaces, text } of fresh) Object.assign(log.find(e => e.seq === replaces) ?? {}, { text });
    if (data.token) Object.assign(kept, { chat: data.chat, token: data.token });
    if (status && data.cursor < kept.cursor) return; // an answer that was overtaken
    if (!how && !fresh[0] && data.status === status && data.ask?.fence === ask?.fence) return;
    kept.cursor = data.cursor;
    // A score of the page is filled in while nothing is answered; the last tap in an e-mail wins.
    const score = log.some(by('visitor')) || parseInt(get('prefill'));
    if (data.ask?.options?.some((/** @type {Option} */ o) => o.value === score)) data.ask.prefill = score;
    Object.assign(chat, calm, { ask: data.ask, status: data.status });
    fold(before, fresh, how, ask);
    if (data.status === 'ended' && how === 'answer') kept.answered = Date.now();
    const progress = chat.by('visitor')[0] && data.ask?.progress;
    if (!chat.away) kept.seen = kept.cursor;
    kept.left = data.status === 'handoff' || chat.fresh[0] ? -1 : progress && progress.of - progress.at + 1;
    tries = 0;
    save();
    listen();
  }

  /** @param {Entry[]} before @param {Entry[]} fresh @param {string | undefined} how @param {Ask | null} asked */
  function fold(before, fresh, how, asked) {
    const words = fresh.filter(by('bot')).map(e => e.text);
    const last = before.findLastIndex(by('visitor'));
    const hide = (/** @type {Entry[]} */ lines) => kept.hide.push(...lines.map(e => e.seq));
    if (how === 'answer' && asked?.fence === chat.ask?.fence && /phone|email/.test(asked?.kind)) {
      // A slip of the finger belongs to the field, not to the conversation.
      hide(fresh);
      chat.error = words.filter(w => w !== before.findLast(by('bot'))?.text).join(' ');
    } else if (how === 'answer') asked && (env.draft[env.key] = ''); // with a person one writes on meanwhile
    else if (!words[0]) return;
    else if (how === 'language') hide(before.slice(before.findLastIndex(e => e.author === 'visitor' || e.name) + 1).filter(by('bot')));
    else if (/back|restart/.test(how)) {
      const start = before.findLastIndex((e, i) => i < last && by('visitor')(e));
      const from = how === 'back' ? last : 0;
      hide(before.filter((e, i) => i >= from || i > start && words.includes(e.text)));
      hide(fresh.filter(by('visitor')));
    }
  }

  /** What begins a chat. */
  function begin() {
    let contact;
    try {
      contact = JSON.parse(get('contact'));
    } catch { /* a page's mistake must not cost its customers their say */ }
    // Half a character, of a title that was cut in the middle of an emoji, would be no JSON to the service.
    return {
      flow: env.flow, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, contact, identity: get('identity'),
      page: { url: location.href, title: document.title.toWellFormed?.(), referrer: document.referrer },
    };
  }

  async function flush() {
    clearTimeout(timer);
    while (kept.outbox[0] && !chat.busy && !signal.aborted && navigator.onLine) {
      const { label, ...item } = kept.outbox[0];
      const reply = await call(`chats/${kept.chat}/messages`, { ...item, cursor: kept.cursor });
      if (failed(reply, flush)) break;
      const { status, data } = reply;
      kept.outbox.shift();
      if (status === 200) apply(data, /back|restart/.test(item.action) ? item.action : 'answer', item.id);
      else {
        // More than one where a person has left: none pushes another out.
        if (item.text && item.text !== env.draft[env.key]) env.draft[env.key] = [env.draft[env.key], item.text].join('\n').trim();
        if (status === 409) apply(data, 'moved');
        chat.gone = /40[14]/.test(status);
        chat.note = status === 409 ? 'moved' : 'unsent';
      }
      save();
    }
    changed();
  }

  /** Ask where the chat stands: reminders, another tab, a person's words. */
  async function refresh() {
    if (!chat.status || chat.busy || document.hidden || kept.outbox[0]) return;
    const { status, data } = await call('chats', { chat: kept.token, cursor: kept.cursor }, true);
    if (status === 200) apply(data);
    changed();
    listen();
  }

  /**
   * The event stream, only while a person is on the line: by fetch, so that the token stays out of the address, and
   * in one visible tab, because a browser gives a host six connections; the others hear of it by the storage event.
   * A stream that ended, or was silent for more than two of its ticks, is taken up again: soon, then ever later.
   */
  async function listen() {
    const here = () => chat.status === 'handoff' && !document.hidden && !signal.aborted;
    if (listening || !here()) return;
    listening = true;
    const stop = new AbortController();
    const init = { signal: AbortSignal.any([stop.signal, signal]) };
    document.addEventListener('visibilitychange', () => stop.abort(), init);
    const follow = async () => {
      const { body } = await api(`chats/${kept.chat}/events`, { headers: { 'Last-Event-ID': kept.cursor }, ...init });
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ''; here();) {
        const { value, done } = await Promise.race([reader.read(), new Promise(end => setTimeout(end, 4e4, { done: 1 }))]);
        if (done) return;
        const lines = (rest + value).split('\n');
        rest = lines.pop();
        for (const line of lines) {
          if (!line.startsWith('data:')) continue;
          lost = 0;
          apply(JSON.parse(line.slice(5)));
          changed();
        }
      }
    };
    // A page without TLS has no locks, one without storage must not use them: each tab then listens for itself.
    await (navigator.locks?.request(kept.chat, init, follow)
      .catch((/** @type {Error} */ e) => e.name === 'SecurityError' && follow()) ?? follow()).catch(() => 0);
    stop.abort();
    listening = false;
    setTimeout(listen, 500 * 2 ** Math.min(lost++, 6));
  }

  const calm = {
    /** seconds until the next try; 0 where nothing has failed */ retry: 0,
    /** why the answer was not valid */ error: '',
    /** what else there is to say: `moved`, `unsent` */ note: '',
    /** the chat that this browser knew is no longer there */ gone: '',
  };

  const chat = {
    ...calm,
    /** @type {Ask | null} */ ask: null,
    /** @type {'' | 'open' | 'handoff' | 'ended'} */ status: '',
    /** 0 nothing to show, 1 dots, 2 words */ waiting: 0,
    /** whether an answer is on its way */ busy: 0,
    /** whether the panel is closed */ away: 1,
    flush,
    get kept() { return kept; },
    /** Answers that have not been acknowledged. @returns {Item[]} */
    get unsent() { return kept.outbox.filter((/** @type {Item} */ item) => item.label && !log.some(e => e.id === item.id)); },
    /** What an agent wrote while the panel was closed. @returns {Entry[]} */
    get fresh() { return chat.by('agent').filter((/** @type {Entry} */ e) => e.text && e.seq > kept.seen); },
    entries: () => log.filter(e => !e.replaces && !kept.hide.includes(e.seq)),
    by: (/** @type {string} */ author) => chat.entries().filter(by(author)),

    /** Begin or resume. */
    async open() {
      if (chat.busy) return void setTimeout(chat.open, 99);
      clearTimeout(timer);
      if (kept.answered < Date.now() - env.config.days.answered * 864e5) chat.forget();
      const { lang, page } = env;
      const { token, cursor } = kept;
      const locale = navigator.languages.find(l => l.split('-')[0] === lang) ?? lang;
      const turns = token && kept.lang !== lang;
      const reply = await call('chats', token ? { chat: token, cursor: log[0] && cursor, ...(turns && { locale }) } : { locale, ...begin() });
      if (signal.aborted) return;
      if (reply.data?.token) {
        Object.assign(kept, { page, lang });
        apply(reply.data, turns ? 'language' : 'open');
        flush();
      } else if (reply.data?.code === 'identity') {
        env.host.removeAttribute('identity'); // it expires while a page stays open: the visitor goes on unproven
        chat.open();
      } else if (!failed(reply, chat.open)) chat.gone = token;
      changed();
    },

    /** @param {object} item */
    send(item) {
      kept.outbox.push({ id: `${Date.now()}${Math.random()}`, ...item });
      chat.error = chat.note = '';
      save();
      flush();
    },

    /** @param {object} facts */
    keep(facts) {
      Object.assign(kept, facts);
      save();
    },

    forget() {
      kept = { outbox: [], hide: [] };
      log = [];
      Object.assign(chat, calm, { ask: null, status: '' });
    },
  };

  addEventListener('online', () => chat.status ? (flush(), refresh()) : chat.open(), env);
  addEventListener('offline', changed, env);
  document.addEventListener('visibilitychange', refresh, env);
  addEventListener('storage', e => {
    if (e.key !== env.key || !e.newValue) return;
    kept = { ...JSON.parse(e.newValue), cursor: kept.cursor };
    refresh();
  }, env);
  return chat;
}
