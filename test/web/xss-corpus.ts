/**
 * Five hundred texts that would run in a careless page. Rule: each calls `hit(n)` with its own number if it runs in whatever way; all are made from
 * the lists below, so a new way to write one is a line here.
 */
const VECTORS: readonly ((n: number) => string)[] = [
  (n) => `<script>hit(${n})</script>`,
  (n) => `<img src=x onerror=hit(${n})>`,
  (n) => `<svg onload=hit(${n})>`,
  (n) => `<svg><script>hit(${n})</script></svg>`,
  (n) => `<iframe srcdoc="<script>parent.hit(${n})</script>"></iframe>`,
  (n) => `<iframe src="javascript:parent.hit(${n})"></iframe>`,
  (n) => `<a href="javascript:hit(${n})">press</a>`,
  (n) => `<details open ontoggle=hit(${n})>x</details>`,
  (n) => `<video><source onerror=hit(${n})></video>`,
  (n) => `<input autofocus onfocus=hit(${n})>`,
  (n) => `<math><mtext><img src=x onerror=hit(${n})></mtext></math>`,
  (n) => `<object data="javascript:hit(${n})"></object>`,
  (n) => `<form action="javascript:hit(${n})"><button>press</button></form>`,
  (n) => `<meta http-equiv=refresh content="0;url=javascript:hit(${n})">`,
  (n) => `<style onload=hit(${n})>x{}</style>`,
  (n) => `<link rel=stylesheet href=/x onerror=hit(${n})>`,
  (n) => `<div hx-get="/" hx-trigger="load" hx-on::before-request="hit(${n})">x</div>`,
  (n) => `<p hx-on:load="hit(${n})" data-hx-on:click="hit(${n})">x</p>`,
  (n) => `<img/src/onerror=hit(${n})>`,
  (n) => `<IMG SRC=x OnErRoR="hit(${n})">`,
  (n) => `<<script>hit(${n})//<</script>`,
  (n) => `<body onload=hit(${n})>`,
  (n) => `<base href="javascript:hit(${n})//">`,
  (n) => `<button formaction="javascript:hit(${n})" autofocus onfocus="hit(${n})">x</button>`,
  (n) => `<audio src=x onerror=hit(${n})>`,
  (n) => `<marquee onstart=hit(${n})>x</marquee>`,
  (n) => `<template><script>hit(${n})</script></template><img src=x onerror=hit(${n})>`,
  (n) => `<embed src="javascript:hit(${n})">`,
  (n) => `<noscript><p title="</noscript><img src=x onerror=hit(${n})>">`,
  (n) => `<svg><animate onbegin=hit(${n}) attributeName=x dur=1s>`,
];
/** What closes whatever the text might stand in: an attribute, an element of raw text, a comment, a string of a script, JSON. */
const BEFORE: readonly string[] = ["", '">', "'>", "</title>", "</textarea>", "</script>", "-->", "]]>", '\\">', "`>", "</style>", '"}]}</script>'];
/** Without a tag: attributes, strings, templates, decoded twice, escapes of a terminal. */
const BARE: readonly ((n: number) => string)[] = [
  (n) => `" onmouseover="hit(${n})" autofocus onfocus="hit(${n})" x="`,
  (n) => `' onfocus='hit(${n})' autofocus x='`,
  (n) => `javascript:hit(${n})`,
  (n) => `java\tscript:hit(${n})`,
  (n) => `data:text/html,<script>hit(${n})</script>`,
  (n) => `{{constructor.constructor('hit(${n})')()}}`,
  (n) => `\${hit(${n})}`,
  (n) => `";hit(${n});//`,
  (n) => `';hit(${n});//`,
  (n) => `\\u003cimg src=x onerror=hit(${n})\\u003e`,
  (n) => `&lt;img src=x onerror=hit(${n})&gt;`,
  (n) => `%3Cscript%3Ehit(${n})%3C/script%3E`,
  (n) => `&#60;script&#62;hit(${n})&#60;/script&#62;`,
  (n) => `+ADw-script+AD4-hit(${n})+ADw-/script+AD4-`,
  (n) => `\u2028hit(${n})//`,
  (n) => `<!--#exec cmd="x"--><img src=x onerror=hit(${n})>`,
  (n) => `[x](javascript:hit(${n}))`,
  (n) => `"-hit(${n})-"`,
  (n) => `x" hx-on:load="hit(${n})`,
  (n) => `\ufeff<script>hit(${n})</script>`,
];
const made: ((n: number) => string)[] = [
  ...VECTORS.flatMap((v) => BEFORE.map((b) => (n: number) => b + v(n))),
  ...BARE,
  ...BARE.flatMap((v) => BEFORE.slice(1, 7).map((b) => (n: number) => b + v(n))),
];

export const CORPUS: readonly string[] = made.slice(0, 500).map((m, n) => m(n));
