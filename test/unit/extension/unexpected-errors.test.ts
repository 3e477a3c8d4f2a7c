/** The errors that the editor offers to expect, from what runs say. */
import assert from 'node:assert/strict';
import { unexpectedErrors } from '../../../extension/unexpected-errors';
import { programOf } from '../../support/programs';
import { failureOf } from '../../support/runs';

suite('extension: unexpected errors', () => {
    const scenario = (line: string): string => `scenario "s" {
    boot "7.2"
    process p {
        s = open("/dev/liveupdate").create_session("a")
        ${line} // why
    }
}
`;

    /** The line with what is offered at a place of it, after the scenario ran. */
    function mended(line: string, at: string): string[] {
        const text = scenario(line);
        const reason = failureOf(programOf(text)) ?? '';
        return unexpectedErrors(text, text.indexOf(at, text.indexOf(line)), [`Seed 3: ${reason}`]).map(
            ({ error, at: behind }) =>
                `${text.slice(0, behind)}  fails ${error}${text.slice(behind)}`.split('\n')[4]?.trim() ?? '',
        );
    }

    test('of a call', () => {
        assert.deepEqual(mended('s.retrieve_fd(token: 2)', 'token'), ['s.retrieve_fd(token: 2)  fails EINVAL // why']);
    });

    test('of a call whose result is stored', () => {
        assert.deepEqual(mended('f = open("/dev/vfio/devices/vfio7")', 'f ='), [
            'f = open("/dev/vfio/devices/vfio7")  fails ENOENT // why',
        ]);
    });

    test('of a call that messages shorten', () => {
        assert.deepEqual(mended(`s.retrieve_fd(token: ${'1 + '.repeat(30)}1)`, 'token'), [
            `s.retrieve_fd(token: ${'1 + '.repeat(30)}1)  fails EINVAL // why`,
        ]);
    });

    test('nothing at other calls, where an error is expected, and where the call has changed', () => {
        const text = scenario('s.retrieve_fd(token: 2)');
        const reasons = [failureOf(programOf(text)) ?? ''];
        const offered = (other: string, at: string): number =>
            unexpectedErrors(other, other.indexOf(at), reasons).length;
        assert.equal(offered(text, 'retrieve_fd'), 1);
        assert.equal(offered(text, 'create_session'), 0);
        assert.equal(offered(text.replace('2)', '3)'), 'retrieve_fd'), 0);
        assert.equal(offered(text.replace('2)', '2) fails EINVAL'), 'retrieve_fd'), 0);
        assert.equal(unexpectedErrors(text, text.indexOf('retrieve_fd'), ['assertion failed: x']).length, 0);
    });
});
