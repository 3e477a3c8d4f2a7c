/**
 * Finalizing a handover, in kernels before 7.1 (kernel/kexec_handover.c; kernel/liveupdate/kexec_handover.c of 6.19 and
 * 7.0): only then the FDT contains the address of the list of preserved memory.
 */
import { type Err, err } from '../release/errno';
import { BitmapTracker } from './bitmaps';
import { buildsFdtWhenFinalized } from '../release/kho-format';
import type { Kho } from './kho';
import { addSubtree, buildRootFdt, setMemoryMap } from './root-fdt';

/**
 * kho_finalize: hands over what is preserved now. In 6.19 and 7.0 it can be repeated, and includes what was preserved
 * meanwhile; before, nothing can be preserved until it is aborted.
 * @returns EOPNOTSUPP (KHO is off, or the release does not finalize), EEXIST (already finalized), the errors of
 * building it.
 */
export function finalize(kho: Kho): 0 | Err {
    const { tree, fdt, env } = kho;
    const builds = buildsFdtWhenFinalized(env.options.format);
    if (!kho.enabled || !(tree instanceof BitmapTracker)) {
        return err('EOPNOTSUPP');
    }
    if (builds && kho.finalized) {
        return err('EEXIST');
    }
    const built = builds ? buildFdt(kho) : 0;
    const result = built === 0 ? tree.serialize() : built;
    if (result !== 0) {
        env.log.log('err', `KHO: failed to finalize: -${result.name}`);
        if (builds) {
            abort(kho, tree);
        }
        return result;
    }
    setMemoryMap(env.machine, fdt, tree.root);
    env.machine.journal.edit(kho).finalized = true;
    return 0;
}

/**
 * Undoes finalizing, and up to 6.18 unpreserves everything. With the series v4 of LUO memory stays preserved, because
 * its users unpreserve it themselves. @returns ENOENT if it is not finalized.
 */
export function abortFinalize(kho: Kho): 0 | Err {
    if (!kho.finalized || !(kho.tree instanceof BitmapTracker)) {
        return err('ENOENT');
    }
    abort(kho, kho.tree);
    return 0;
}

function abort(kho: Kho, tree: BitmapTracker): void {
    const { machine } = kho.env;
    machine.journal.edit(kho).finalized = false;
    if (kho.env.options.format.finalize === 'prepare') {
        tree.unlist();
        kho.unpreservePages(kho.fdt / machine.page.size, 1);
    } else {
        tree.clear();
    }
    machine.memory.zero(kho.fdt, machine.page.size);
}

/** kho_out_fdt_setup, and what the users of KHO add when they are called through the chain of notifiers. */
function buildFdt(kho: Kho): 0 | Err {
    const { memory, page } = kho.env.machine;
    const { format } = kho.env.options;
    memory.zero(kho.fdt, page.size);
    memory.write(kho.fdt, buildRootFdt(format.compatible, 0));
    let result = kho.preservePages(kho.fdt / page.size, 1);
    for (const [blob, { name, size }] of kho.users) {
        result = result === 0 ? addSubtree(kho.env.machine, kho.fdt, name, blob, size, format) : result;
    }
    return result;
}
