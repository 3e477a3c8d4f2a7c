/** What scenarios can ask of the diagnoses. */
import { isDiagnosisCode } from '../../findings/catalogue';
import { BOOL, STRING } from '../../language/types';
import type { NativeFunction } from './native';
import { asString, ProgramError } from '../../language/values';
import { fn, param } from './define';

export const diagnosisFunctions: readonly NativeFunction[] = [
    fn(
        'diagnosed',
        [param('code', STRING)],
        { context: 'scenario', result: BOOL },
        'Whether a diagnosis with this code was made so far, or would be made if the scenario ended here: `assert diagnosed("LU1001")`. The codes are those of [the page of diagnoses](diagnoses.md). What a scenario asks for does not make it fail under `lus run --strict`.',
        (vm, [code]) => {
            const text = asString(code, 'the code');
            if (!isDiagnosisCode(text)) {
                throw new ProgramError(
                    `no diagnosis has the code "${text}": they are LU1001 and what follows, see the page of diagnoses`,
                );
            }
            return vm.diagnoses?.has(text) ?? false;
        },
    ),
];
