/** The page of physical memory for an editor, and a page with timeline and memory of runs that stands alone. */
import { dataElement, page, type Script, timelineBody } from '../../trace/timeline-page';
import timelineCss from '../../trace/timeline-page.css';
import css from './memory-page.css';
import tabsCss from './tabs.css';

const TITLE = 'Physical Memory';

/** @param script of an editor */
export function memoryPage(script: Extract<Script, { nonce: string }>): string {
    return page(TITLE, css, `<main id="memory">${memoryBody('Copy')}</main>`, script);
}

/** A script and its data, in the page. */
export type Inline = Extract<Script, { text: string }>;

/** Both views; links at the top change between them. */
export function viewsPage(timeline: Inline, memory: Inline): string {
    const body = `<nav><a href="#timeline">Update Timeline</a> <a href="#memory">${TITLE}</a></nav>
<main id="timeline">${timelineBody(timeline)}</main>
<main id="memory">${memoryBody('Save')}</main>
${dataElement('data', timeline.data)}
<script>${timeline.text}</script>`;
    return page('Live Update', timelineCss + css + tabsCss, body, memory, 'memory-data');
}

function memoryBody(copy: 'Copy' | 'Save'): string {
    return `
<header>
<span id="m-buttons"><select id="m-moment" aria-label="Moment" hidden></select>
<form id="m-find"><input id="m-address" aria-label="Address or expression" placeholder="0x4c2000" size="14" spellcheck="false"><button type="submit">Show</button></form>
<button id="m-compare" type="button">Compare…</button>
<button id="m-svg" type="button">${copy} as SVG</button></span>
<h1 id="m-title"></h1> <span id="m-summary"></span>
<ul id="m-legend"></ul>
</header>
<div id="m-stage"><div id="m-spacer"><canvas id="m-canvas" role="img" aria-label="Physical memory; the list below says the same" aria-describedby="m-summary"></canvas></div></div>
<div id="m-tip" hidden></div>
<section id="m-page" aria-live="polite" hidden><h2 id="m-page-title"></h2>
<span><button id="m-follow" type="button" aria-pressed="false">Follow This Page</button>
<button id="m-last" type="button">Go to Last Change</button>
<button id="m-next" type="button">Go to Next Change</button>
<button id="m-bytes" type="button">Show Bytes</button></span>
<ul id="m-page-lines"></ul></section>
<details><summary>As a list</summary><p>In the picture: Ctrl+scroll or + and - to zoom, Shift+scroll or arrow keys to move, 0 to see all, N and P for the next and the previous owner, F to follow the page. A click shows a page.</p><div id="m-list"></div></details>
`;
}
