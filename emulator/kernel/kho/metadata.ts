/** The subtree `kexec-metadata`: the kernel that handed over, and the number of updates (struct kho_kexec_metadata). */
import { Err } from '../release/errno';
import type { Kho } from './kho';
import { decodeName, encodeText } from '../../text/utf8';

export const METADATA_SUBTREE = 'kexec-metadata';
const VERSION = 1;
/** u32 version; char previous_release[65]; u32 kexec_count. Packed. */
const RELEASE = 4;
const RELEASE_SIZE = 65;
const COUNT = RELEASE + RELEASE_SIZE;
export const METADATA_SIZE = COUNT + 4;
/** The fields of the struct: name, offset and size in bytes. */
export const METADATA_FIELDS: readonly (readonly [name: string, offset: number, size: number])[] = [
    ['version', 0, 4],
    ['previous_release', RELEASE, RELEASE_SIZE],
    ['kexec_count', COUNT, 4],
];

/**
 * Reads the incoming metadata, logs it, and holds its page permanently. @returns the incoming count, 0 if there is
 * none.
 */
export function readMetadata(kho: Kho): { count: number; release: string | undefined } {
    const none = { count: 0, release: undefined };
    const { log, machine } = kho.env;
    const subtree = kho.retrieveSubtree(METADATA_SUBTREE);
    if (subtree instanceof Err) {
        return none;
    }
    const { phys, size } = subtree;
    if (typeof phys !== 'number' || size < 4 || !machine.isRam(phys, METADATA_SIZE)) {
        log.log('warn', `KHO: kexec metadata of ${size} bytes is too small`);
        return none;
    }
    kho.keep(phys, 'kexec metadata');
    const version = machine.memory.readU32(phys);
    if (version !== VERSION || size < METADATA_SIZE) {
        log.log(
            'warn',
            version === VERSION
                ? `KHO: kexec metadata of ${size} bytes is too small`
                : `KHO: kexec metadata version ${version} is not supported`,
        );
        return none;
    }
    const release = decodeName(machine.memory.read(phys + RELEASE, RELEASE_SIZE));
    const count = machine.memory.readU32(phys + COUNT);
    log.log('info', `KHO: exec from: ${release} (count ${count})`);
    return { count, release };
}

/**
 * Hands this kernel's metadata over. @returns the errors of allocating or adding the subtree; with nothing left behind.
 */
export function writeMetadata(kho: Kho, count: number): 0 | Err {
    const { memory } = kho.env.machine;
    const pa = kho.allocPreserve(METADATA_SIZE, 'KHO kexec metadata');
    if (pa instanceof Err) {
        return pa;
    }
    memory.writeU32(pa, VERSION);
    memory.write(pa + RELEASE, encodeText(kho.env.options.release).subarray(0, RELEASE_SIZE - 1));
    memory.writeU32(pa + COUNT, count);
    const result = kho.addSubtree(METADATA_SUBTREE, pa, METADATA_SIZE);
    if (result !== 0) {
        kho.unpreserveFree(pa);
    }
    return result;
}
