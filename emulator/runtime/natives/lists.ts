/** Lists and records that the program creates. */
import { ListValue, MOST_ELEMENTS } from '../../language/collections';
import { ANY, RECORD } from '../../language/types';
import { ProgramError } from '../../language/values';
import { fn, Members, param } from './define';
import type { NativeContext, NativeFunction } from './native';

export const listObject = new Members(ListValue, 'list', 'A list: `[1, 2, 3]`.', false).method(
    'push',
    [param('element', ANY)],
    { context: 'any' },
    'Appends an element. Its type must be that of the elements that the list was created with; a list that was created as `[]` takes any.',
    (list, [element]) => {
        if (list.length >= MOST_ELEMENTS) {
            throw new ProgramError(`a list has at most ${MOST_ELEMENTS} elements`);
        }
        list.push(element);
        return undefined;
    },
);

export const recordFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'record',
        [{ ...param('fields', RECORD), named: true }],
        { context: 'any', result: RECORD },
        'A record with these fields: `record(name: "vm-1", token: 7)`. Its fields can be read and assigned: `vm.token`.',
        (_context, [fields]) => fields,
    ),
];
