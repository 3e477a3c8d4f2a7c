/** A matrix of kernels for people: the outcome of an update for each pair, and its reason. */
import { BUG_FLAWS } from '../../kernel/release/known-bugs';
import { listed } from '../../text/text';
import type { Cell, Matrix, Outcome } from '../results';
import type { Style } from '../style';
import { spot } from '../where';

/** The most pairs of kernels that are named for a bug. */
const PAIRS = 4;
/** The most characters of a cell's second line. */
const WIDTH = 20;

const WORDS: Readonly<Record<Outcome, string>> = {
    works: 'works',
    lost: 'lost',
    EIO: 'EIO',
    panic: 'panic',
    fails: 'fails',
    unsuited: '–',
};

const MEANINGS: Readonly<Record<Outcome, string>> = {
    works: 'the scenario passes',
    lost: 'the next kernel boots as if nothing had been preserved; only its log says so',
    EIO: '/dev/liveupdate of the next kernel cannot be opened; all preserved memory stays reserved until a cold boot',
    panic: 'the next kernel panics during boot',
    fails: 'the update succeeds, but the scenario fails',
    unsuited: 'the scenario fails before its first kexec',
};

export function prettyMatrix(m: Matrix, style: Style): string {
    const label = Math.max(...m.kernels.map((k) => k.length), 'from \\ to'.length) + 2;
    const lines = [style.strong(`${m.file}: ${m.scenario}`), ''];
    // long reasons are below the matrix; the cell has their number
    const notes: string[] = [];
    const short = (c: Cell): string => {
        if (c.reason.length <= WIDTH) {
            return c.reason;
        }
        const known = notes.indexOf(c.reason);
        const number = known < 0 ? notes.push(c.reason) : known + 1;
        return `[${number}]`;
    };
    const reasons = m.cells.map(short);
    const widths = m.kernels.map(
        (k, i) =>
            Math.max(
                k.length,
                ...m.kernels.flatMap((_, row) => {
                    const at = row * m.kernels.length + i;
                    return [WORDS[m.cells[at]?.outcome ?? 'works'].length, reasons[at]?.length ?? 0];
                }),
            ) + 2,
    );
    lines.push(
        `${'from \\ to'.padEnd(label)}${m.kernels.map((k, i) => style.strong(k.padEnd(widths[i] ?? 0))).join('')}`.trimEnd(),
    );
    for (const [row, from] of m.kernels.entries()) {
        const cells = m.cells.slice(row * m.kernels.length, (row + 1) * m.kernels.length);
        const own = reasons.slice(row * m.kernels.length, (row + 1) * m.kernels.length);
        lines.push(
            `${style.strong(from.padEnd(label))}${cells.map((c, i) => coloured(c.outcome, WORDS[c.outcome].padEnd(widths[i] ?? 0), style)).join('')}`.trimEnd(),
        );
        if (own.some((r) => r !== '')) {
            lines.push(
                `${' '.repeat(label)}${own.map((r, i) => style.dim(r.padEnd(widths[i] ?? 0))).join('')}`.trimEnd(),
            );
        }
    }
    lines.push('');
    for (const [i, text] of notes.entries()) {
        const first = m.cells.find((c) => c.reason === text);
        lines.push(
            `  [${i + 1}] ${first?.where && first.message?.startsWith(text) ? `${spot(first.where)}: ` : ''}${text}`,
        );
    }
    for (const [bug, pairs] of decided(m.cells)) {
        const some = pairs.length > PAIRS ? [...pairs.slice(0, PAIRS), `${pairs.length - PAIRS} more`] : pairs;
        lines.push(`  ${style.strong(bug)} decides ${listed(some)}: ${BUG_FLAWS.get(bug)?.what ?? ''}`);
    }
    for (const [kernel, layers] of Object.entries(m.proposed)) {
        lines.push(`  ${style.strong(kernel)} has proposed code: ${layers.join(', ')}`);
    }
    const offers = Object.entries(m.formats);
    // where all kernels compare one string a part, the cells say enough
    if (offers.some(([, all]) => all.some((o) => o.way !== 'string'))) {
        for (const [kernel, all] of offers) {
            lines.push(`  ${style.strong(kernel)} negotiates`);
            lines.push(...all.map((o) => `    ${o.part.padEnd(8)} ${o.way}: ${o.value}`));
        }
    }
    for (const outcome of Object.keys(MEANINGS) as Outcome[]) {
        if (m.cells.some((c) => c.outcome === outcome)) {
            lines.push(`  ${coloured(outcome, WORDS[outcome].padEnd(6), style)} ${MEANINGS[outcome]}`);
        }
    }
    return `${lines.join('\n')}\n`;
}

/** The known bugs that decide something, each with the pairs: `7.0 to 7.1`. */
function decided(cells: readonly Cell[]): Map<string, string[]> {
    const all = new Map<string, string[]>();
    for (const { from, to, knownBugs } of cells) {
        for (const bug of knownBugs) {
            all.set(bug, [...(all.get(bug) ?? []), `${from} to ${to}`]);
        }
    }
    return all;
}

function coloured(outcome: Outcome, text: string, style: Style): string {
    switch (outcome) {
        case 'works':
            return style.good(text);
        case 'unsuited':
            return style.dim(text);
        case 'EIO':
        case 'fails':
            return style.warn(text);
        default:
            return style.bad(text);
    }
}
