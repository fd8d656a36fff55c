/** A tap in an e-mail leads here with `?score=9`: the score is filled in, not saved, until the visitor confirms it. */
const score = new URLSearchParams(location.search).get('score');
if (score) document.querySelector('chat-survey').setAttribute('prefill', score);
