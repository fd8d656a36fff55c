/** A tap in an e-mail leads here with `?score=9`: the score is filled in, not saved, until the visitor confirms it. */
const survey = document.querySelector('chat-survey');
const score = new URLSearchParams(location.search).get('score');
if (score) survey.setAttribute('prefill', score);
/** `#identity=<token>` says who it is. It is taken out of the address, which is stored with the chat. */
const identity = new URLSearchParams(location.hash.slice(1)).get('identity');
if (identity) {
  survey.setAttribute('identity', identity);
  history.replaceState(null, '', location.pathname + location.search);
}
