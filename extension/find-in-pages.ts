/** Searches the pages of the documentation: by section, the best match first. */
import { headingsOf } from '../emulator/services/documentation';
import { anchorOf } from '../emulator/text/anchors';

/** A part of a page, from a heading to the next one. */
export interface Section {
    /** `memory.md` */
    readonly page: string;
    /** The title of the page. */
    readonly title: string;
    readonly heading: string;
    readonly anchor: string;
    /** Lower-case, for the search: heading and text. */
    readonly searched: { readonly heading: string; readonly text: string };
    readonly text: string;
}

export function sectionsOf(page: string, content: string): Section[] {
    const headings = headingsOf(content);
    const title = shownHeading(headings[0]?.text ?? page);
    return headings.map(({ text: raw, span }, i) => {
        const heading = shownHeading(raw);
        const text = content.slice(span.end, headings[i + 1]?.span.start).trim();
        const searched = { heading: heading.toLowerCase(), text: text.toLowerCase() };
        return { page, title, heading, anchor: anchorOf(raw), searched, text };
    });
}

const shownHeading = (heading: string): string => heading.replaceAll('`', '');

export interface Match {
    readonly section: Section;
    /** The line that has the first of the words; empty if only the heading has them. */
    readonly line: string;
}

/** Sections that have every word of a query; those that have the words in their heading come first. */
export function find(sections: readonly Section[], query: string, most: number): Match[] {
    const words = query
        .toLowerCase()
        .split(/\s+/)
        .filter((word) => word !== '');
    const [first] = words;
    if (first === undefined) {
        return [];
    }
    return sections
        .flatMap((section): { readonly section: Section; readonly score: number }[] => {
            const { heading, text } = section.searched;
            const inHeading = words.filter((word) => heading.includes(word)).length;
            const all = words.every((word) => heading.includes(word) || text.includes(word));
            const whole = heading === query.toLowerCase().trim() ? 1 : 0;
            return all ? [{ section, score: 2 * inHeading + whole }] : [];
        })
        .sort((a, b) => b.score - a.score)
        .slice(0, most)
        .map(({ section }) => {
            const lines = section.text.split('\n');
            return { section, line: lines.find((l) => l.toLowerCase().includes(first))?.trim() ?? '' };
        });
}
