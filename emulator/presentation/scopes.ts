/** The scopes of a frame: its variables, its process, and the state of the kernel and the machine. */
import { processOf } from '../runtime/host/scenario-process';
import type { Viewpoint } from '../runtime/names-in-scope';
import type { Host } from '../runtime/host/host';
import { memoryOf } from './bytes';
import { handoverItems } from './handover';
import type { Children, Item } from './item';
import { liveUpdateItems } from './live-update';
import { localItems } from './locals';
import { machineItems } from './machine';
import { processScope } from './process';

/** `Update and Handover` has the rows of `Live Update` and of `Handover`. */
export const SCOPES = ['Locals', 'Process', 'Live Update', 'Handover', 'Update and Handover', 'Machine'] as const;

export type ScopeName = (typeof SCOPES)[number];

interface ShownScope {
    readonly scope: ScopeName;
    /** What the user sees. */
    readonly title: string;
}

const shown = (scope: ScopeName, title: string = scope): ShownScope => ({ scope, title });

/**
 * In the order in which a client shows them.
 * @param hasView the client has a view *Live Update*, so it needs no scope of that name
 */
export function scopesFor(hasView: boolean): readonly ShownScope[] {
    return [
        shown('Locals'),
        shown('Process'),
        ...(hasView ? [shown('Update and Handover', 'Handover')] : [shown('Live Update'), shown('Handover')]),
        shown('Machine'),
    ];
}

export function scopeOf(host: Host, name: ScopeName, at: Viewpoint): Children {
    switch (name) {
        case 'Locals':
            return { named: () => localItems(host, at) };
        case 'Process':
            return processScope(host, processOf(at.thread));
        case 'Live Update':
            return { named: () => liveUpdateItems(host) };
        case 'Handover':
            return { named: () => handoverItemsOf(host) };
        case 'Update and Handover':
            return { named: () => [...liveUpdateItems(host), ...handoverItemsOf(host)] };
        case 'Machine':
            return { named: () => machineItems(host) };
    }
}

function handoverItemsOf(host: Host): Item[] {
    return handoverItems(memoryOf(host.machine), host.kernel?.kho);
}
