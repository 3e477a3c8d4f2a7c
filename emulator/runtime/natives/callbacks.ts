/** The callbacks of handlers, FLBs and file kinds that `.lus` code declares. */
import type { CallbackShape, NativeShapes } from '../../language/natives';
import { ANY, BOOL, INT, NONE, objectOf, type Type } from '../../language/types';
import { param, table } from './define';

interface NamedCallback extends CallbackShape {
    readonly name: string;
}

/** @param of the type of its parameter, if it has one */
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
        shape('can_preserve', FILE, BOOL, true, 'Whether the handler can preserve this file.'),
        shape(
            'get_id',
            FILE,
            ANY,
            false,
            'The identity of the resource: files with the same id can be preserved only once. The default is the open file.',
        ),
        shape('preserve', ARGS, INT, true, 'Prepares the file for the kexec and sets `args.serialized_data`.'),
        shape('unpreserve', ARGS, NONE, true, 'Undoes preserve.'),
        shape(
            'freeze',
            ARGS,
            INT,
            false,
            'Last callback before the kexec, inside the reboot system call. May change `args.serialized_data`.',
        ),
        shape('unfreeze', ARGS, NONE, false, 'Undoes freeze: the reboot failed.'),
        shape('retrieve', ARGS, INT, true, 'Creates the file in the next kernel and sets `args.file`.'),
        shape('can_finish', ARGS, BOOL, false, 'Whether the session can be finished now.'),
        shape('finish', ARGS, NONE, true, 'Releases everything that belongs to the handover of this file.'),
    ]),
    flb: table([
        shape(
            'preserve',
            FLB,
            INT,
            true,
            'Called when the first file that uses the FLB is preserved. Sets `args.data` and `args.obj`.',
        ),
        shape('unpreserve', FLB, NONE, true, 'Called when the last such file is unpreserved.'),
        shape(
            'freeze',
            FLB,
            INT,
            false,
            'Called inside the reboot. May change `args.data`. Only the kernel `luo-v4` calls it, where an FLB is a subsystem.',
        ),
        shape('retrieve', FLB, INT, true, 'Called in the next kernel. Sets `args.obj` from `args.data`.'),
        shape('finish', FLB, NONE, true, 'Called when the last file that used the FLB is finished.'),
    ]),
    file: table([
        shape('open', {}, INT, false, 'Called when the device file is opened.'),
        shape('release', {}, INT, false, 'Called when the last reference is dropped.'),
    ]),
};
