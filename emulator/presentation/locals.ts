/** The scope *Locals*: the variables that are visible in a frame. */
import { processOf } from '../../emulator/runtime/host/scenario-process';
import { ANY, PHYS, type Value } from '../language/types';
import { visibleLocals } from '../runtime/code';
import { offsetOf, type Viewpoint } from '../runtime/names-in-scope';
import { setKindField } from '../runtime/host/callbacks';
import type { Host } from '../runtime/host/host';
import type { Item } from './item';
import { attempt, itemOf, processVars } from './values';

export function localItems(host: Host, at: Viewpoint): Item[] {
    const { frame, thread } = at;
    const user = processOf(thread);
    if (!frame) {
        return user ? processVars(host, user, '') : [];
    }
    const items = visibleLocals(frame, offsetOf(host, at)).map((v) =>
        attempt(v.name, () =>
            itemOf(
                host,
                v.name,
                { value: frame.slots[v.slot], type: v.type },
                {
                    evaluateName: v.name,
                    process: user?.process,
                    assign: (value) => {
                        frame.slots[v.slot] = value;
                    },
                },
            ),
        ),
    );
    const { self } = frame;
    const fields = self ? (host.declarations.fileKind(self.kind)?.decl.fields ?? []) : [];
    fields.forEach((f, i) => {
        const name = f.name.name;
        items.push(
            attempt(name, () =>
                itemOf(
                    host,
                    name,
                    { value: self?.fields[i] as Value, type: f.type?.name.name === 'phys' ? PHYS : ANY },
                    {
                        evaluateName: name,
                        assign: self ? (value) => setKindField(host, self, i, value) : undefined,
                    },
                ),
            ),
        );
    });
    if (frame.mode === 'user' && user) {
        items.push(...processVars(host, user, ''));
    }
    return items;
}
