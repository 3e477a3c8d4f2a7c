/** The scopes of a frame: its variables, its process, and the state of the kernel and the machine. */
import { processOf } from '../runtime/host/scenario-process';
import type { Viewpoint } from '../runtime/names-in-scope';
import type { Host } from '../runtime/host/host';
import { memoryOf } from './bytes';
import { handoverItems } from './handover';
import type { Children } from './item';
import { liveUpdateItems } from './live-update';
import { localItems } from './locals';
import { machineItems } from './machine';
import { processScope } from './process';

/** In the order in which clients show them. */
export const SCOPES = ['Locals', 'Process', 'Live Update', 'Handover', 'Machine'] as const;

export type ScopeName = (typeof SCOPES)[number];

export function scopeOf(host: Host, name: ScopeName, at: Viewpoint): Children {
    switch (name) {
        case 'Locals':
            return { named: () => localItems(host, at) };
        case 'Process':
            return processScope(host, processOf(at.thread));
        case 'Live Update':
            return { named: () => liveUpdateItems(host) };
        case 'Handover':
            return { named: () => handoverItems(memoryOf(host.machine), host.kernel?.kho) };
        case 'Machine':
            return { named: () => machineItems(host) };
    }
}
