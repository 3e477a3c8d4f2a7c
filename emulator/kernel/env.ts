/**
 * What kernel code needs from the kernel that it runs in. A part that needs more declares an interface that extends
 * this one; the class Kernel implements all of them, and no part imports it.
 */
import type { PageGeometry } from '../machine/arch';
import type { Clock } from '../machine/clock';
import type { Journal } from '../machine/journal';
import type { PhysicalMemory } from '../machine/memory';
import type { Owners } from '../machine/owners';
import type { Ids } from './ids';
import type { PageAllocator } from './mm/buddy';
import type { Folios } from './mm/folio';
import type { Memmap } from './mm/memmap';

export interface KernelEnv {
    readonly journal: Journal;
    readonly clock: Clock;
    readonly memory: PhysicalMemory;
    /** Its page size. */
    readonly page: PageGeometry;
    readonly memmap: Memmap;
    readonly pages: PageAllocator;
    readonly folios: Folios;
    readonly owners: Owners;
    readonly ids: Ids;
}
