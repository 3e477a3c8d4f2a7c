/** What happens to the seals of a memfd on the way (mm/memfd_luo.c). */
import { Err } from '../../kernel/errno';
import { F_SEAL_EXEC, F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_WRITE } from '../../kernel/fcntl';
import { ShmemInode } from '../../kernel/shmem';
import type { Frame } from '../code';
import type { Value } from '../types';
import { hex } from '../values';
import { local, onStack } from './blame';
import { argsOf } from './chronicle';
import type { Rules, Scene } from './diagnoses';
import { listed } from './words';

/** The only format that hands seals over; in it the u32 `seals` of struct memfd_luo_ser. */
const WITH_SEALS = 'memfd-v2';
const SEALS_AT = 16;

const SEALS: readonly (readonly [number, string])[] = [
    [F_SEAL_SEAL, 'F_SEAL_SEAL'], [F_SEAL_SHRINK, 'F_SEAL_SHRINK'], [F_SEAL_GROW, 'F_SEAL_GROW'], [F_SEAL_WRITE, 'F_SEAL_WRITE'],
    [F_SEAL_FUTURE_WRITE, 'F_SEAL_FUTURE_WRITE'], [F_SEAL_EXEC, 'F_SEAL_EXEC'],
];

export function memfdRules({ vm, chronicle, say }: Scene): Rules {
    return {
        callbackLeft(name: string, result: unknown, frame: Frame): void {
            if (name !== 'memfd.preserve' || result instanceof Err) {
                return;
            }
            const args = argsOf(frame);
            const inode = args?.file?.inode;
            if (args?.handler.compatible === WITH_SEALS && inode instanceof ShmemInode && (inode.seals & (F_SEAL_EXEC | F_SEAL_WRITE)) === F_SEAL_EXEC) {
                const token = local(onStack(vm, 'luo_preserve_file'), 'token');
                say('LU1020', {
                    about: `${inode.ino}`,
                    message: `The memfd "${inode.name}" has F_SEAL_EXEC: the next kernel makes it executable before it adds that seal, which then brings the seals against writing with it.`,
                    data: { memfd: inode.name, token: typeof token === 'number' || typeof token === 'bigint' ? hex(token) : null },
                });
            }
        },
        settled(name: string, result: Value | Err): void {
            if (name !== 'add_seals' || result instanceof Err || !vm.kernel) {
                return;
            }
            for (const session of vm.kernel.luo.outgoing.sessions) {
                for (const file of session.files) {
                    const inode = file.file?.inode;
                    const ser = file.serializedData;
                    if (file.handler.compatible !== WITH_SEALS || !(inode instanceof ShmemInode) || typeof ser !== 'number' || !vm.machine.isRam(ser, 4096)) {
                        continue;
                    }
                    const late = inode.seals & ~vm.machine.memory.readU32(ser + SEALS_AT);
                    if (late !== 0) {
                        const names = SEALS.filter(([bit]) => (late & bit) !== 0).map(([, seal]) => seal);
                        say('LU1021', {
                            about: `${session.name} ${hex(file.token)} ${late}`,
                            message: `${listed(names)} of memfd "${inode.name}" ${names.length === 1 ? 'was' : 'were'} added after it was preserved (token ${hex(file.token)} of session "${session.name}"), and will not be there in the next kernel.`,
                            history: chronicle.ofFile(file),
                            data: { memfd: inode.name, session: session.name, token: hex(file.token), seals: names },
                        });
                    }
                }
            }
        },
    };
}
