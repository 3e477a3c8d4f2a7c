/** What a driver does for a process and no other system call can say: descriptors of files that it makes, and what is behind them. */
import { Err } from '../../kernel/release/errno';
import { fput, type OpenFile } from '../../kernel/fs/file';
import { fget, installFd } from '../../kernel/fs/process';
import { Seq } from '../../machine/journal';
import { newFileOfKind } from '../host/callbacks';
import { ANY, FD, INT, listOf, STRING, type Value } from '../../language/types';
import type { NativeFunction } from './native';
import { asInt, asString, ProgramError } from '../../language/values';
import { fdArg } from './arguments';
import { fn, param } from './define';

export const driverFunctions: readonly NativeFunction[] = [
    fn(
        'descriptor',
        [param('number', INT)],
        { context: 'user', result: FD },
        'A descriptor by its number, whether it is open or not: `descriptor(-1)` is open nowhere.',
        (_vm, [n]) => asInt(n, 'the number'),
    ),
    fn(
        'make_fd',
        [param('kind', STRING), param('fields', listOf(ANY))],
        { context: 'user', syscall: true, fails: true, result: FD },
        'What the ioctl of a driver does that makes a file (`anon_inode_getfd`): a descriptor for a new file of a declared kind, with these values of its fields in their order. `EMFILE`.',
        (vm, [kind, fields]) => {
            const name = asString(kind, 'the kind');
            const decl = vm.executable.fileKind(name)?.decl;
            const values = fields instanceof Seq ? [...(fields.items as readonly Value[])] : [];
            if (!decl || values.length > decl.fields.length) {
                throw new ProgramError(
                    decl
                        ? `a file of kind ${name} has ${decl.fields.length} fields`
                        : `no kind of file is called ${name}`,
                );
            }
            const file = newFileOfKind(vm, name, new Map(values.map((v, i) => [decl.fields[i]?.name.name ?? '', v])));
            const fd = installFd(vm.process, file, false);
            if (fd instanceof Err) {
                fput(vm.running, file);
            }
            return fd;
        },
    ),
    fn(
        'fields_of',
        [param('fd', FD)],
        { context: 'user', syscall: true, fails: true, result: listOf(ANY) },
        "The fields of an open file of a declared kind, in their order, as a driver's read() could tell them. `EBADF`.",
        (vm, [fd]) => {
            const file: OpenFile | Err = fget(vm.process, fdArg(fd));
            return file instanceof Err ? file : vm.list(file.fields as readonly Value[]);
        },
    ),
];
