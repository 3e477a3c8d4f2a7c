/**
 * Operations of drivers that no other system call covers: descriptors for files that a driver creates, and their
 * fields.
 */
import { counted } from '../../text/text';
import { fget, installNewFd } from '../../kernel/fs/process';
import { Err } from '../../kernel/release/errno';
import { ANY, FD, INT, listOf, STRING, type Value } from '../../language/types';
import { asInt, asString, ProgramError } from '../../language/values';
import { newFileOfKind } from '../host/callbacks';
import type { Host } from '../host/host';
import { fdArg, restOf } from './arguments';
import { fn, param, SYSCALL } from './define';
import type { NativeFunction } from './native';

export const driverFunctions: readonly NativeFunction[] = [
    fn(
        'descriptor',
        [param('number', INT)],
        { context: 'user', result: FD },
        'A descriptor by its number, open or not: `descriptor(-1)` is never open.',
        (_context, [number]) => asInt(number, 'the number'),
    ),
    fn(
        'make_fd',
        [param('kind', STRING), param('fields', listOf(ANY))],
        { ...SYSCALL, result: FD },
        'Creates a file as the ioctl of a driver does (`anon_inode_getfd`): returns a descriptor for a new file of a declared kind. `values` are its fields in their order. `EMFILE`.',
        (host: Host, [kind, fields]) => {
            const name = asString(kind, 'the kind');
            const decl = host.declarations.fileKind(name)?.decl;
            const values = restOf(fields);
            if (!decl || values.length > decl.fields.length) {
                throw new ProgramError(
                    decl
                        ? `a file of kind ${name} has ${counted(decl.fields.length, 'field')}`
                        : `there is no file kind ${name}`,
                );
            }
            const file = newFileOfKind(host, name, new Map(values.map((v, i) => [decl.fields[i]?.name.name ?? '', v])));
            return installNewFd(host.running, host.process, file);
        },
    ),
    fn(
        'fields_of',
        [param('fd', FD)],
        { ...SYSCALL, result: listOf(ANY) },
        "The fields of an open file of a declared kind, in their order, as a driver's read() could return them. `EBADF`.",
        (context, [fd]) => {
            const file = fget(context.process, fdArg(fd));
            return file instanceof Err ? file : context.list(file.fields as readonly Value[]);
        },
    ),
];
