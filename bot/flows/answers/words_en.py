"""English words around a score."""

from bot.flows.answers.words import Words, numbers, phrases, words

ENGLISH = Words(
    language="en",
    numbers=numbers("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    weak=words("one"),
    opening=phrases(
        "i'd say|i would say|i say|i'll say|i will say|id say|i'd have to say|i have to say|let's say|say|i said|"
        "i'd give|i would give|i give|i'll give|i'd give it|i would give it|i give it|i'd give you|i would give you|"
        "i give you|i'd go with|i would go with|i'll go with|i go with|i'd go for|i'd rate it|"
        "i would rate it|i rate it|"
        "i'd rate you|i rate you|it's|it is|that's|that is|a|an|solid|strong|clear|big|fat|straight|perfect|good|weak|"
        "my score|my score is|the score is|my answer|my answer is|my rating|my rating is|score|rating|answer|"
        "my vote is|my vote|for me|for me it's|for me it is|for you|definitely|absolutely|easily|certainly|surely|"
        "i think|i guess|i suppose|maybe|perhaps|probably|just|only|well|hmm|hm|um|uh|oh|ok|okay|yes|yeah|yep|sure|"
        "hi|hello|hey|honestly|overall|frankly|so|more like|more of|rather|instead|i mean|then|please"
    ),
    closing=phrases(
        "points|point|please|thanks|thank you|thanks a lot|for me|from me|for you|for sure|definitely|absolutely|"
        "i think|i guess|i suppose|i'd say|i would say|probably|maybe|honestly|overall|lol|haha|then|exactly|easily|"
        "all the way|would recommend|will recommend|no doubt|without hesitation|instead|really|rather"
    ),
    doubt=phrases(
        "about|around|roughly|almost|nearly|approximately|something like|like|at least|at most|up to|close to|"
        "kind of|or so|or less|or more|ish|max|maximum|minimum|not sure"
    ),
    scale=phrases("out of|of|on|over|from|/"),
    verbs=words("say give rate score rating vote gave giving"),
    joins=words("or to and between from either and/or"),
    nots=words("not no never don't won't wouldn't isn't can't cannot nor neither hardly nowhere didn't ain't"),
    breaks=words("because cause cuz coz but since although though due"),
    halves=words("half"),
    points=words("point dot comma"),
    units=words(
        "year years month months week weeks day days hour hours hr hrs minute minutes min mins second seconds sec "
        "am pm a.m p.m o'clock oclock h times time euro euros eur dollar dollars usd bucks pound pounds gbp cent cents "
        "percent pct k km kg g lb cm mm m x people persons person items item orders order pieces parcels packages "
        "boxes customers employees emails calls stars star st nd rd th hundred thousand million kids children reasons "
        "january february march april may june july august september october november december"
    ),
    retracts=phrases(
        "no|nope|nah|not|not really|no way|just kidding|kidding|jk|joking|just joking|never|if|unless|wait|sorry|"
        "actually|oops|i mean|or not|scratch that|never mind|nevermind|correction|typo|sarcasm|as if|yeah right"
    ),
    forms=words(
        "fourth fifth sixth sixes seventh sevens eighth ninth nines tenth tens zeros ones fours fives threes twos"
    ),
    common=words(
        "on done once gone none zone tone bone phone lone to too tow the there these tree threw thee their "
        "then them than they this that thanks though for your our hour tour pour foul fur form from fort "
        "forty give live fire fine file dive hive fave sex sir sit fix mix sin sixty even "
        "event never ever every right might night light fight weight tight sight height eighty "
        "high weigh line nice mine nina pine wine nile nike ninety men tea been pen teen ton tent tin tan "
        "tend hen hero nero nein non nope null nil due sept dos otto set nove dix die sei sieve "
        "nothing anything something everything someone anyone won own open over"
    ),
)
