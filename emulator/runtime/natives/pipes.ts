/** Natives for the handler of pipes. */
import { OpenFile } from '../../kernel/fs/file';
import { fillPipe, makePipeEnd, peekPipe, Pipe, PIPE_CAPACITY, reopenPipe } from '../../kernel/fs/pipe';
import { err } from '../../kernel/release/errno';
import { INT, objectOf, SIZE } from '../../language/types';
import { fileArg, flagsArg } from './arguments';
import { constant, fn, Members, param } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';
import { withQueuedBytes } from './queued-bytes';

export const pipeObject = withQueuedBytes(
    new Members(Pipe, 'pipe_info', 'The pipe behind its ends, as used by their handler.')
        .field('length', SIZE, 'The number of bytes that were written and not read yet.', ({ data }) => data.length)
        .field('readers', INT, 'The number of open files that can read.', (pipe) => pipe.readers)
        .field('writers', INT, 'The number of open files that can write.', (pipe) => pipe.writers),
    peekPipe,
    fillPipe,
);

/** Members of an open file for the handler of pipes. */
export const pipeOfFile = new Members(OpenFile, 'file', '').field(
    'pipe',
    objectOf('pipe_info'),
    'The pipe behind one of its ends; `none` for other files.',
    ({ priv }) => (priv instanceof Pipe ? priv : null),
);

export const pipeConstants: readonly NativeGlobal[] = [
    constant('PIPE_CAPACITY', PIPE_CAPACITY, 'the bytes that a pipe can hold'),
];

export const pipeFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'pipe_create',
        [param('flags', INT)],
        { result: objectOf('file') },
        'Creates a pipe with one open file, without a descriptor: its read end or its write end, by the access mode.',
        ({ running }, [flags]) => makePipeEnd(running, flagsArg(flags, 'the flags')),
    ),
    fn(
        'pipe_open',
        [param('file', objectOf('file')), param('flags', INT)],
        { result: objectOf('file'), fails: true },
        'Opens another file of the same pipe. `EINVAL` for files of other kinds.',
        ({ running }, [file, flags]) => {
            const end = fileArg(file);
            return end.priv instanceof Pipe ? reopenPipe(running, end, flagsArg(flags, 'the flags')) : err('EINVAL');
        },
    ),
];
