/** Files that are mapped into the memory of a process. */
import { load, Mapping, protect, store, unmap } from '../../kernel/fs/mapping';
import { sysMmap, sysMmapStore, sysMmapWrite } from '../../kernel/fs/syscalls/mmap';
import { ANY, BOOL, BYTES, INT, objectOf, SIZE } from '../../language/types';
import { ProgramError } from '../../language/values';
import { dataArg, flagsArg, lengthArg, offsetArg } from './arguments';
import { done, fdMethod, nothing, param, RecordMembers, SYSCALL } from './define';
import type { NativeContext, NativeFunction } from './native';

const LENGTH = param('length', INT);
const AT = param('at', INT);
const DATA = param('data', ANY);
const PROT = param('prot', INT);

/** The mapping, if it is memory of the process that uses it. @throws ProgramError */
function ofProcess(mapping: Mapping, { process }: NativeContext): Mapping {
    if (mapping.mapped && mapping.space !== process.mappings) {
        throw new ProgramError('this is memory of another process: a program can only use its own');
    }
    return mapping;
}

/** An access to memory, which can fault. */
const ACCESS = { context: 'user', fails: true } as const;

export const mappingObject = new RecordMembers(
    Mapping,
    'mapping',
    'A part of a file in the memory of a process, from `mmap()` to `munmap()`, an `exec` or the end of the process.',
)
    .field('length', SIZE, 'Its length in bytes: whole pages of the file.', (mapping) => mapping.length)
    .field('offset', INT, 'The offset in the file at which it begins.', (mapping) => mapping.offset)
    .field('prot', INT, 'The OR of `PROT_…`.', (mapping) => mapping.prot)
    .field('shared', BOOL, 'Whether it was made with `MAP_SHARED`.', (mapping) => mapping.shared)
    .field('mapped', BOOL, 'Whether it is still there.', (mapping) => mapping.mapped)
    .field('file', objectOf('file'), 'The open file.', (mapping) => mapping.file)
    .method(
        'load',
        [LENGTH, AT],
        { ...ACCESS, result: BYTES },
        'Reads bytes of this memory. `EFAULT` where a program gets SIGSEGV or SIGBUS.',
        (mapping, [length, at], context) =>
            load(
                context.running,
                ofProcess(mapping, context),
                offsetArg(at, 'the offset'),
                lengthArg(length, 'the length'),
            ),
    )
    .method(
        'store',
        [DATA, AT],
        ACCESS,
        'Writes bytes or a string to this memory. A private mapping copies the page first. `EFAULT` like `load()`, and without `PROT_WRITE`.',
        (mapping, [data, at], context) =>
            done(
                store(
                    context.running,
                    ofProcess(mapping, context),
                    offsetArg(at, 'the offset'),
                    dataArg(data, 'what is stored'),
                ),
            ),
    )
    .method(
        'mprotect',
        [PROT],
        SYSCALL,
        '`mprotect(2)` of the whole mapping: the OR of `PROT_…`. `EACCES` if it may not become writable, `ENOMEM` if it is unmapped.',
        (mapping, [prot], context) =>
            done(protect(context.running, ofProcess(mapping, context), flagsArg(prot, 'the protection'))),
    )
    .method('munmap', [], SYSCALL, '`munmap(2)` of the whole mapping.', (mapping, _args, context) =>
        nothing(unmap(context.running, ofProcess(mapping, context))),
    );

/** The methods of descriptors that map files. */
export const mappingMethods: readonly NativeFunction<NativeContext>[] = [
    fdMethod(
        'mmap',
        [LENGTH, PROT, param('flags', INT), param('offset', INT, 0)],
        { ...SYSCALL, result: objectOf('mapping') },
        '`mmap(2)`: maps a part of the file, with `MAP_SHARED` or `MAP_PRIVATE`. `EACCES` (not open for that), `EPERM` (sealed against writing), `ENODEV` (cannot be mapped), `EINVAL` (flags, length 0, offset not a multiple of a page), `EOVERFLOW`, `ENOMEM` (no room, too few huge pages).',
        ({ running, process }, fd, [length, prot, flags, offset]) =>
            sysMmap(running, process, fd, {
                length: offsetArg(length, 'the length'),
                prot: flagsArg(prot, 'the protection'),
                flags: flagsArg(flags, 'the flags'),
                offset: offsetArg(offset, 'the offset'),
            }),
    ),
    fdMethod(
        'mmap_write',
        [],
        SYSCALL,
        'Maps the first page shared and writable, and unmaps it, to test whether that is allowed. `EACCES`, `EPERM` because of seals, `ENODEV`.',
        ({ running, process }, fd) => done(sysMmapWrite(running, process, fd)),
    ),
    fdMethod(
        'mmap_store',
        [DATA, AT],
        SYSCALL,
        'Maps a range shared and writable, stores bytes or a string, and unmaps it, as a program writes to its memory. `EACCES`, `EPERM` because of seals, `ENODEV`, `ENOMEM` if huge pages cannot be reserved; `EFAULT` if the access would raise SIGBUS: beyond the size, or if there is no memory for a hole.',
        ({ running, process }, fd, [data, at]) =>
            done(sysMmapStore(running, process, fd, dataArg(data, 'what is stored'), offsetArg(at, 'the offset'))),
    ),
];
