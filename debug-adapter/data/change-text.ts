/** Changes of data as sentences. */
import type { Change } from '../../emulator/timeline/watch';

/** `ser.count: 42 → 43, by counter_handler.freeze, in luod, scenario line 31` */
export function changeText(name: string, { how, before, after, who }: Change): string {
    const gone = 'does not exist';
    const what =
        how === 'changed'
            ? `${before ?? gone} → ${after ?? gone}`
            : how === 'written'
              ? `${after ?? gone}, written again`
              : how === 'read'
                ? `${after ?? gone}, read`
                : (after ?? gone);
    return `${name}: ${what}, by ${who}`;
}

/** When it was. Seconds of the machine's clock. */
export function whenText({ time, boot }: Change): string {
    return `${(time / 1e9).toFixed(6)} s, kernel ${boot + 1}`;
}
