/** The page of a timeline, which a script draws, and what pages of views share. */
import css from './timeline-page.css';

/** Where its script comes from: an address with a nonce, or its text, with the data, in the page. */
export type Script =
    | { readonly address: string; readonly nonce: string; readonly source: string }
    | { readonly text: string; readonly data: object };

export function timelinePage(script: Script): string {
    return page('Update Timeline', css, timelineBody(script), script);
}

/** The elements that the script of the timeline fills. */
export function timelineBody(script: Script): string {
    const copy = 'nonce' in script ? 'Copy' : 'Save';
    return `<header><h1 id="title"></h1><span id="buttons"><button id="compare" type="button">Compare…</button><button id="svg" type="button">${copy} as SVG</button></span>
<p>Ctrl+scroll to zoom, Shift+scroll or arrow keys to move, drag to measure, 0 to see all.</p><p id="difference"></p></header>
<div id="stage"><div id="spacer"><canvas id="canvas" role="img" aria-label="Timeline; the list below says the same" aria-describedby="list"></canvas></div></div>
<div id="tip" hidden></div>
<section aria-live="polite"><p id="span"></p><ul id="parts"></ul></section>
<details><summary>As a list</summary><ol id="list"></ol></details>`;
}

/** Puts data into a page, for a script that reads it from the element with an id. */
export function dataElement(id: string, data: object): string {
    return `<script type="application/json" id="${id}">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>`;
}

/**
 * A page with one style and one script.
 * @param script in the page, it is preceded by its data, in the element `dataId`
 */
export function page(title: string, style: string, body: string, script: Script, dataId = 'data'): string {
    const policy =
        'nonce' in script
            ? `style-src 'nonce-${script.nonce}'; script-src 'nonce-${script.nonce}'; font-src ${script.source}`
            : "style-src 'unsafe-inline'; script-src 'unsafe-inline'";
    const nonce = 'nonce' in script ? ` nonce="${script.nonce}"` : '';
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; ${policy}">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style${nonce}>${style}</style>
</head>
<body>
${body}
${
    'nonce' in script
        ? `<script nonce="${script.nonce}" src="${script.address}"></script>`
        : `${dataElement(dataId, script.data)}\n<script>${script.text}</script>`
}
</body>
</html>
`;
}
