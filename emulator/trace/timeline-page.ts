/** The page of a timeline, for a panel of an editor and as a file that stands alone. The script draws it. */
import css from './timeline-page.css';

/** Where its script comes from: an address with a nonce, or its text, with the data, in the page. */
export type Script =
    | { readonly address: string; readonly nonce: string; readonly source: string }
    | { readonly text: string; readonly data: object };

export function timelinePage(script: Script): string {
    const policy =
        'nonce' in script
            ? `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${script.nonce}'; script-src 'nonce-${script.nonce}'; font-src ${script.source}">`
            : `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">`;
    const nonce = 'nonce' in script ? ` nonce="${script.nonce}"` : '';
    const copy = 'nonce' in script ? 'Copy' : 'Save';
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
${policy}
<meta name="viewport" content="width=device-width">
<title>Update Timeline</title>
<style${nonce}>${css}</style>
</head>
<body>
<header><h1 id="title"></h1><span id="buttons"><button id="compare" type="button">Compare…</button><button id="svg" type="button">${copy} as SVG</button></span>
<p>Ctrl+scroll to zoom, Shift+scroll or arrow keys to move, drag to measure, 0 to see all.</p><p id="difference"></p></header>
<div id="stage"><div id="spacer"><canvas id="canvas" role="img" aria-label="Timeline; the list below says the same" aria-describedby="list"></canvas></div></div>
<div id="tip" hidden></div>
<section aria-live="polite"><p id="span"></p><ul id="parts"></ul></section>
<details><summary>As a list</summary><ol id="list"></ol></details>
${
    'nonce' in script
        ? `<script nonce="${script.nonce}" src="${script.address}"></script>`
        : `<script type="application/json" id="data">${JSON.stringify(script.data).replaceAll('<', '\\u003c')}</script>\n<script>${script.text}</script>`
}
</body>
</html>
`;
}
