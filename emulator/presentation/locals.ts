/** The scope *Locals*: what the code of a frame can name. */
import { processOf } from '../../emulator/runtime/host/scenario-process';
import { ANY, PHYS, type Value } from '../language/types';
import { visibleLocals } from '../runtime/code';
import { offsetOf, type Viewpoint } from '../runtime/evaluate';
import { setKindField } from '../runtime/host/callbacks';
import type { Vm } from '../runtime/interpreter';
import type { Item } from './item';
import { attempt, itemOf, processVars } from './values';

export function localItems(vm: Vm, at: Viewpoint): Item[] {
    const { frame, thread } = at;
    const user = processOf(thread);
    if (!frame) {
        return user ? processVars(vm, user, '') : [];
    }
    const items = visibleLocals(frame, offsetOf(vm, at)).map((v) =>
        attempt(v.name, () =>
            itemOf(
                vm,
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
    const fields = self ? (vm.declarations.fileKind(self.kind)?.decl.fields ?? []) : [];
    fields.forEach((f, i) => {
        const name = f.name.name;
        items.push(
            attempt(name, () =>
                itemOf(
                    vm,
                    name,
                    { value: self?.fields[i] as Value, type: f.type?.name.name === 'phys' ? PHYS : ANY },
                    {
                        evaluateName: name,
                        assign: self ? (value) => setKindField(vm, self, i, value) : undefined,
                    },
                ),
            ),
        );
    });
    if (frame.mode === 'user' && user) {
        items.push(...processVars(vm, user, ''));
    }
    return items;
}
