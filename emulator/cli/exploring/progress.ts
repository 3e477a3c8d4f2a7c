/** Says on standard error how far a search is. */
import type { Frontier } from '../../explore/frontier';
import { counted } from '../../text/text';

/** Between two lines. Milliseconds. */
const PAUSE = 250;

export interface Progress {
    searching(scenario: string, frontier: Frontier, left: number): void;
    /** The search has ended. */
    done(): void;
}

/** @param lines whether for programs: a line of JSON each time; people see one line on a terminal */
export function progressOf(lines: boolean): Progress {
    let last = performance.now();
    let shown = false;
    return {
        searching(scenario, { graph }, left) {
            const now = performance.now();
            if (now - last < PAUSE) {
                return;
            }
            last = now;
            const found = { branches: graph.branches, states: graph.size - 1, outcomes: graph.outcomes.length, left };
            if (lines) {
                process.stderr.write(`${JSON.stringify({ scenario, ...found })}\n`);
            } else if (process.stderr.isTTY) {
                shown = true;
                const text = `${counted(found.branches, 'branch')}, ${counted(found.states, 'state')}, ${found.outcomes} outcomes, ${left} to go`;
                process.stderr.write(`\r\u001b[K${text}`);
            }
        },
        done() {
            if (shown) {
                process.stderr.write('\r\u001b[K');
            }
        },
    };
}
