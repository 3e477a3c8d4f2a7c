/** The comparison with a baseline, for people. */
import { counted } from '../../text/text';
import { duration } from '../../text/durations';
import { oneLine } from '../print';
import type { BlackoutChange, Comparison } from '../results';
import type { Style } from '../style';

/** The most costs that a line names. */
const CAUSES = 3;

export function comparisonLines(c: Comparison, style: Style): string[] {
    const longer = c.changes.filter((x) => x.tooLong);
    const head = `Blackout compared with ${c.baseline}: ${counted(c.compared, 'update')}, ${
        longer.length > 0
            ? style.bad(`${longer.length} too long (tolerance ${c.tolerance} %)`)
            : `none longer than ${c.tolerance} % more`
    }`;
    return ['', head, ...c.changes.map((x) => `  ${x.tooLong ? style.bad('✗') : ' '} ${changeText(x)}`)];
}

/** `update.lus: "one session": blackout 230 ms → 251 ms (+21 ms): freeze +20 ms, boot +1 ms`. */
export function changeText(x: BlackoutChange): string {
    const which = x.update > 1 ? `, update ${x.update}` : '';
    const to = x.nowNs === null ? 'never ends' : `${duration(x.nowNs)} (${signed(x.nowNs - x.beforeNs)})`;
    const causes = x.causes.slice(0, CAUSES).map((k) => `${k.cost} ${signed(k.nowNs - k.beforeNs)}`);
    return `${x.file}: "${oneLine(x.scenario)}"${which}: blackout ${duration(x.beforeNs)} → ${to}${causes.length > 0 ? `: ${causes.join(', ')}` : ''}`;
}

function signed(ns: number): string {
    return ns < 0 ? `−${duration(-ns)}` : `+${duration(ns)}`;
}
