/** The table of costs in the documentation, as the emulator has it. */
import { COST_NAMES, COSTS } from '../../emulator/machine/costs';
import { duration } from '../../emulator/text/durations';

const BEGIN = '<!-- costs: written by UPDATE_DOCS=1 -->\n';
const END = '<!-- end of costs -->';

/** @returns the page with the table of now between its marks */
export function withCosts(page: string): string {
    const begin = page.indexOf(BEGIN);
    const end = page.indexOf(END);
    if (begin < 0 || end < begin) {
        throw new RangeError('the page has no marks for the table of costs');
    }
    const rows = COST_NAMES.map((name) => {
        const { ns, per, what, why } = COSTS[name];
        return `| \`${name}\` | ${duration(ns)} a ${per} | ${what} | ${why} |`;
    });
    return [
        `${page.slice(0, begin)}${BEGIN}| cost | figure | what takes it | taken from |`,
        '|---|---|---|---|',
        ...rows,
        page.slice(end),
    ].join('\n');
}
