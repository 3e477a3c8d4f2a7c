/** Functions of the debug console that the language does not have: who changed data, and who owns pages. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Place } from '../../emulator/findings/place';
import { countOf } from '../../emulator/text/text';
import type { Travel } from '../../emulator/timeline/travel';
import type { Change } from '../../emulator/timeline/watch';
import { bytesAt, memoryOf } from '../../emulator/presentation/bytes';
import { leaf, type Item } from '../../emulator/presentation/item';
import type { Host } from '../../emulator/runtime/host/host';
import type { Answer } from '../answer';
import { RequestError } from '../errors';
import { answered } from '../history-search';
import type { Inspection } from '../inspection';
import type { Arguments } from '../requests';
import { changeText, whenText } from './change-text';
import { watchOf } from './subject';
import { dataOf, type Stopped } from './travel';

type Body = DebugProtocol.EvaluateResponse['body'];

const CALL = /^\s*(last_change|changes|owner|written|memory)\s*\((.*)\)\s*$/s;

export class ConsoleFunctions {
    /**
     * @param inspection of the run, which stands
     * @param stopped throws RequestError if the run has no history
     * @param placeText a place as text: `update.lus:30:9`
     */
    constructor(
        private readonly inspection: () => Inspection,
        private readonly stopped: () => Stopped,
        private readonly placeText: (place: Place) => string,
    ) {}

    evaluate(args: Arguments<'evaluate'>): Answer {
        const inspection = this.inspection();
        const [, name = '', inner = ''] = CALL.exec(args.expression) ?? [];
        if (name === '' || inspection.host.declarations.program.fns.has(name)) {
            return { body: inspection.evaluate(args) };
        }
        switch (name) {
            case 'owner':
            case 'memory':
                return { body: stateOf(inspection, args) };
            case 'written':
                return { body: inspection.evaluate({ ...args, expression: inner }) };
            default:
                return this.history(name === 'changes', args, inner);
        }
    }

    private history(all: boolean, { expression, frameId, context }: Arguments<'evaluate'>, inner: string): Answer {
        if (context !== undefined && context !== 'repl') {
            throw new RequestError(
                'noValue',
                'last_change() and changes() go through the history of the run: use them in the debug console.',
            );
        }
        const { timeline, control, inspection } = this.stopped();
        const data = dataOf(inspection, { name: inner.trim(), frameId });
        const item = function* (this: ConsoleFunctions): Travel<Item> {
            if (all) {
                const found = yield* timeline.past.changesOf(watchOf(data));
                return this.listOf(expression, data.name, found.all, found.forgotten);
            }
            const last = yield* timeline.past.lastChangeOf(watchOf(data));
            return last ? this.itemOf(expression, data.name, last) : leaf(expression, 'no change so far');
        };
        const body = (found: Item): Body => inspection.resultOfItem(expression, found);
        return { later: (give) => control.travel(answered(item.call(this), inspection, give, body)) };
    }

    private listOf(expression: string, name: string, changes: readonly Change[], forgotten: number): Item {
        const more = forgotten === 0 ? '' : `, the last ${changes.length} of them`;
        const value = `${countOf(changes.length + forgotten, 'change')}${more}`;
        return changes.length === 0
            ? leaf(expression, 'no change so far')
            : {
                  name: expression,
                  value,
                  children: { named: () => changes.map((c, i) => this.itemOf(`[${forgotten + i}]`, name, c)) },
              };
    }

    private itemOf(key: string, name: string, change: Change): Item {
        const { before, after, who, place, at } = change;
        return {
            name: key,
            value: `${whenText(change)}: ${changeText(name, change)}`,
            children: {
                named: () => [
                    leaf('before', before ?? 'does not exist'),
                    leaf('after', after ?? 'does not exist'),
                    leaf('who', who),
                    leaf('when', whenText(change)),
                    leaf('where', place ? this.placeText(place) : 'not in a statement'),
                    leaf('position', String(at)),
                ],
            },
        };
    }
}

/** What happened last to pages; the bytes of a range of memory. */
function stateOf(inspection: Inspection, { expression, frameId }: Arguments<'evaluate'>): Body {
    const data = dataOf(inspection, { name: expression, frameId });
    const { host } = inspection;
    return data.of === 'pages'
        ? { result: lastOf(host, data.pfn), variablesReference: 0 }
        : data.of === 'bytes'
          ? inspection.resultOfItem(expression, bytesAt(memoryOf(host.machine), data.address, data.size))
          : inspection.evaluate({ expression, frameId });
}

function lastOf({ machine }: Host, pfn: number): string {
    const last = machine.history.of(pfn).at(-1);
    return last ? `${last.kind}: ${machine.owners.name(last.owner)}` : 'never allocated';
}
