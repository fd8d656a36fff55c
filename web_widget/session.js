/**
 * One chat as the server tells it, and what this browser has not yet been able to send.
 *
 * Guarantees: an answer gets its id once and is kept in localStorage until the server has acknowledged it, so a
 * reload, a lost network or a second tab neither loses nor doubles it; answers are sent in order, one at a time.
 * The server's log is the truth; `hide` only folds lines away from view (a corrected answer, a question that was
 * asked again in another language). Other tabs hear of a change by the storage event.
 *
 * @typedef {{seq: number, at: string, author: 'bot'|'visitor'|'agent', text: string, name?: string,
 *   link?: {label: string, url: string}}} Entry
 * @typedef {{value: string|number, label: string}} Option
 * @typedef {{step: string, fence: number, kind: string, options?: Option[], low?: string, high?: string,
 *   skip?: boolean, suggest?: Option[], prefill?: string|number, placeholder?: string, note?: string, back?: boolean,
 *   progress?: {at: number, of: number}}} Ask
 * @typedef {{id: string, label?: string, action?: string, value?: unknown, text?: string, fence?: number}} Item
 */

const RETRY = [2, 4, 8, 16, 32, 60];

/** @param {any} env @param {() => void} changed */
export default function session(env, changed) {
  /** What is kept in localStorage. @type {any} */
  let kept = { outbox: [], hide: [], ...env.read() };
  /** @type {Map<number, Entry>} */
  const log = new Map();
  const state = {
    /** @type {Ask | null} */ ask: null,
    /** @type {'' | 'open' | 'handoff' | 'ended'} */ status: '',
    /** 0 nothing to show, 1 dots, 2 words */ waiting: 0,
    /** seconds until the next try; 0 where nothing has failed */ retry: 0,
    /** said at the field: the answer was not valid, or the chat moved on */ error: '',
    note: '',
    gone: false,
    busy: false,
  };
  let tries = 0;
  /** @type {any} */
  let timer;

  const save = () => {
    const ask = state.ask;
    kept.left = ask?.progress && answered() ? ask.progress.of - ask.progress.at + 1 : 0;
    env.write(kept);
  };
  const visible = () => [...log.values()].filter(e => !kept.hide.includes(e.seq)).sort((a, b) => a.seq - b.seq);
  const answered = () => visible().some(e => e.author === 'visitor');

  /** @param {string} path @param {object} body */
  async function call(path, body) {
    try {
      const response = await fetch(new URL('api/v1/' + path, env.base), {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...(kept.token && path !== 'chats' && { Authorization: 'Bearer ' + kept.token }),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(15e3),
      });
      const data = await response.json();
      return { status: response.status, data, after: Number(response.headers.get('Retry-After')) };
    } catch {
      return { status: 0, data: null, after: 0 }; // no network, or something that is not our server
    }
  }

  /** Dots after 300 ms, words after 2 s: a quick answer needs neither. @param {() => Promise<any>} work */
  async function watched(work) {
    const slow = [300, 2000].map((ms, i) => setTimeout(() => {
      state.waiting = i + 1;
      changed();
    }, ms));
    state.busy = true;
    try {
      return await work();
    } finally {
      slow.forEach(clearTimeout);
      state.busy = false;
      state.waiting = 0;
    }
  }

  /** @param {number} after @param {() => void} again */
  function later(after, again) {
    state.retry = after || RETRY[Math.min(tries++, RETRY.length - 1)];
    clearTimeout(timer);
    timer = setTimeout(again, state.retry * 1000);
  }

  /** Take over what the server says. @param {any} data @param {string} how what this is the answer to */
  function apply(data, how) {
    if (data.token) Object.assign(kept, { chat: data.chat, token: data.token });
    const before = visible();
    const asked = state.ask;
    /** @type {Entry[]} */
    const fresh = data.entries.filter((/** @type {Entry} */ e) => !log.has(e.seq));
    fresh.forEach(e => log.set(e.seq, e));
    if (state.status && data.cursor < kept.cursor) return; // an answer that was overtaken
    if (how === 'open' && !fresh.length && data.status === state.status && data.ask?.fence === asked?.fence) return;
    Object.assign(kept, { cursor: data.cursor });
    Object.assign(state, { ask: data.ask, status: data.status, retry: 0, error: '', note: '', gone: false });
    tries = 0;
    fold(before, fresh, how, asked);
    if (data.status === 'ended' && how === 'answer') kept.answered = Date.now();
    save();
  }

  /** @param {Entry[]} before @param {Entry[]} fresh @param {string} how @param {Ask | null} asked */
  function fold(before, fresh, how, asked) {
    const said = fresh.filter(e => e.author === 'bot');
    const words = said.map(e => e.text);
    const last = before.findLastIndex(e => e.author === 'visitor');
    const hide = (/** @type {Entry[]} */ list) => kept.hide.push(...list.map(e => e.seq));
    const again = how === 'answer' && asked && state.ask?.fence === asked.fence;
    if (again && /phone|email/.test(asked.kind)) {
      hide(fresh); // a slip of the finger belongs to the field, not to the conversation
      const question = before.filter(e => e.author === 'bot').at(-1)?.text;
      state.error = words.filter(w => w !== question).join(' ') || '!';
    } else if (said.length && how === 'language') {
      hide(before.slice(last + 1).filter(e => e.author === 'bot' && !e.link));
    } else if (said.length && how === 'restart') {
      hide(before);
    } else if (said.length && how === 'back' && last >= 0) {
      const start = before.slice(0, last).findLastIndex(e => e.author === 'visitor') + 1;
      hide(before.slice(last));
      hide(before.slice(start, last).filter(e => words.includes(e.text)));
      hide(fresh.filter(e => e.author === 'visitor'));
    }
  }

  function forget() {
    const { page, lang } = kept;
    kept = { outbox: [], hide: [], page, lang };
    log.clear();
    Object.assign(state, { ask: null, status: '', error: '', note: '', retry: 0, gone: false });
    env.write(kept);
  }

  /** Begin or resume. True once the chat is known. @param {string} how */
  async function open(how = 'open') {
    if (state.busy) return false;
    if (kept.answered < Date.now() - env.config.days.answered * 864e5) forget();
    const attr = (/** @type {string} */ name) => env.host.getAttribute(name) ?? undefined;
    const json = (/** @type {string | undefined} */ text) => {
      try {
        return text && JSON.parse(text);
      } catch {
        console.warn('chat-survey: the attribute "contact" is not JSON');
      }
    };
    const spoken = navigator.languages.find(l => l.split('-')[0] === env.lang) ?? env.lang;
    const changes = kept.token && (how === 'language' || kept.lang !== env.lang);
    Object.assign(kept, { page: env.page, lang: env.lang });
    const prefill = attr('prefill') ?? (env.mode === 'page' && new URLSearchParams(location.search).get('score'));
    const resume = { chat: kept.token, cursor: log.size ? kept.cursor : undefined, locale: changes ? spoken : undefined };
    const begin = {
      flow: env.flow, locale: spoken, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      page: { url: location.href, title: document.title, referrer: document.referrer },
      contact: json(attr('contact')), identity: attr('identity'),
      prefill: prefill ? { value: Number.isInteger(+prefill) ? +prefill : prefill } : undefined,
    };
    const { status, data, after } = await watched(() => call('chats', kept.token ? resume : begin));
    if (env.signal.aborted) return false;
    const done = status === 200 || status === 201;
    if (done) apply(data, changes ? 'language' : 'open');
    else if (status >= 400 && status < 500 && status !== 429 && status !== 408) state.gone = true;
    else later(after, () => open(how));
    if (done) flush();
    changed();
    return done;
  }

  /** @param {Omit<Item, 'id'>} item */
  function send(item) {
    const id = Array.from(crypto.getRandomValues(new Uint8Array(12)), b => b.toString(16).padStart(2, '0')).join('');
    kept.outbox.push({ id, ...item });
    state.error = state.note = '';
    save();
    flush();
  }

  async function flush() {
    clearTimeout(timer);
    while (kept.outbox.length && !state.busy && !env.signal.aborted) {
      if (!navigator.onLine) break;
      const { label, ...body } = kept.outbox[0];
      const reply = await watched(() => call(`chats/${kept.chat}/messages`, { ...body, cursor: kept.cursor }));
      if (!settle(reply, kept.outbox[0])) break;
    }
    changed();
  }

  /** True where the next one may be sent. @param {{status: number, data: any, after: number}} reply @param {Item} item */
  function settle({ status, data, after }, item) {
    if (!status || status === 408 || status === 429 || status >= 500) return void later(after, flush);
    kept.outbox.shift();
    if (status === 200) apply(data, item.action && item.action !== 'skip' ? item.action : 'answer');
    else if (status === 409 && data.entries) {
      apply(data, 'open');
      if (item.label) state.note = 'moved';
    } else if (status === 401 || status === 404) state.gone = true;
    else state.note = 'refused';
    if (status !== 200 && item.text) env.keep(item.text);
    save();
    return true;
  }

  /** Ask the server where the chat stands: reminders, another tab, a person's words. */
  async function refresh() {
    if (!kept.token || !state.status || state.busy || document.hidden || kept.outbox.length) return;
    const { status, data } = await call('chats', { chat: kept.token, cursor: kept.cursor });
    if (status === 200 && !env.signal.aborted) {
      apply(data, 'open');
      changed();
    }
  }

  /** A person is on the line: listen, in one visible tab. */
  async function listen() {
    (await env.load('stream.js'))(new URL(`api/v1/chats/${kept.chat}/events`, env.base), kept, env.signal, (/** @type {any} */ data) => {
      apply(data, 'open');
      changed();
      return state.status === 'handoff';
    });
  }

  const on = { signal: env.signal };
  addEventListener('online', () => (state.status ? flush() : open()), on);
  addEventListener('offline', changed, on);
  document.addEventListener('visibilitychange', refresh, on);
  addEventListener('storage', e => {
    if (e.key !== env.key || !e.newValue) return;
    const cursor = kept.cursor;
    kept = { ...JSON.parse(e.newValue), cursor };
    refresh();
  }, on);

  return {
    state, open, send, flush, forget, refresh, listen, visible, answered,
    /** @returns {Item[]} */ get outbox() { return kept.outbox; },
    get left() { return kept.left; },
    get top() { return kept.top ?? 0; },
    /** @param {object} facts */ note(facts) {
      Object.assign(kept, facts);
      save();
    },
    /** Take back what was not sent yet. */ withdraw() {
      clearTimeout(timer);
      state.retry = 0;
      const item = kept.outbox.pop();
      if (item?.text) env.keep(item.text);
      save();
      changed();
    },
  };
}
