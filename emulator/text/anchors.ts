/** The anchors of headings in Markdown pages. */

/** The anchor of a heading, as GitHub and VS Code make it. */
export function anchorOf(heading: string): string {
    return heading
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-');
}
