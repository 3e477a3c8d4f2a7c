/** The callbacks of handlers, FLBs and file kinds that `.lus` code declares. */
import type { CallbackShape, NativeShapes } from '../../language/natives';
import { ANY, BOOL, INT, NONE, objectOf, type Type } from '../../language/types';
import { param, table } from './define';

interface NamedCallback extends CallbackShape {
    readonly name: string;
}

/** @param of what it is given: nothing, or one object */
function shape(
    name: string,
    of: { readonly [name: string]: Type },
    result: Type,
    required: boolean,
    doc: string,
): NamedCallback {
    const params = Object.entries(of).map(([of, type]) => param(of, type));
    return { name, params, result, required, doc };
}

const FILE = { file: objectOf('file') };
const ARGS = { args: objectOf('luo_args') };
const FLB = { args: objectOf('flb_args') };

export const callbacks: NativeShapes['callbacks'] = {
    handler: table([
        shape('can_preserve', FILE, BOOL, true, 'Whether the handler takes this file.'),
        shape('get_id', FILE, ANY, false, 'What makes two files the same resource; without it, the open file.'),
        shape('preserve', ARGS, INT, true, 'Prepares the file for the kexec and sets `args.serialized_data`.'),
        shape('unpreserve', ARGS, NONE, true, 'Takes preserve back.'),
        shape(
            'freeze',
            ARGS,
            INT,
            false,
            'The last chance, inside the reboot system call; may change `args.serialized_data`.',
        ),
        shape('unfreeze', ARGS, NONE, false, 'The reboot failed after all.'),
        shape('retrieve', ARGS, INT, true, 'Makes the file again in the next kernel and sets `args.file`.'),
        shape('can_finish', ARGS, BOOL, false, 'Whether the session may be finished now.'),
        shape('finish', ARGS, NONE, true, 'Nothing of the handover is needed any more.'),
    ]),
    flb: table([
        shape('preserve', FLB, INT, true, 'The first file that uses it is preserved: sets `args.data` and `args.obj`.'),
        shape('unpreserve', FLB, NONE, true, 'The last such file is unpreserved.'),
        shape(
            'freeze',
            FLB,
            INT,
            false,
            'Inside the reboot: may change `args.data`. Only the kernel `luo-v4` calls it, to which an FLB is a subsystem.',
        ),
        shape('retrieve', FLB, INT, true, 'In the next kernel: sets `args.obj` from `args.data`.'),
        shape('finish', FLB, NONE, true, 'The last file that used it is finished.'),
    ]),
    file: table([
        shape('open', {}, INT, false, 'The device node is opened.'),
        shape('release', {}, INT, false, 'The last reference is gone.'),
    ]),
};
