/** The table of errors. */
import assert from 'node:assert/strict';
import { ERRNO, err, errOfCode, isErrnoName } from '../../../../emulator/kernel/release/errno';

suite('errno', () => {
    test('an error is found by name and by number, as one and the same object', () => {
        assert.equal(err('EBUSY'), err('EBUSY'));
        assert.equal(errOfCode(16), err('EBUSY'));
        assert.equal(err('EHWPOISON').code, 133);
        assert.equal(String(err('ENOTTY')), 'ENOTTY');
    });

    test('numbers are those of Linux, each used once', () => {
        const codes = Object.values(ERRNO);
        assert.equal(new Set(codes).size, codes.length);
        assert.equal(ERRNO.EOPNOTSUPP, 95);
    });

    test('what the table does not hold is not an error', () => {
        assert.equal(errOfCode(0), undefined);
        assert.equal(isErrnoName('EWHAT'), false);
        assert.equal(isErrnoName('EAGAIN'), true);
    });
});
