/** The problems of a run as a list, for reports that are made of places: errors, failures, unexpected diagnoses. */
import type { Severity } from '../../findings/catalogue';
import type { FileResult, Where } from '../results';

export interface Problem {
    readonly severity: Severity;
    /** The code of a finding, or the kind of a failure. */
    readonly rule: string;
    readonly title: string;
    readonly message: string;
    readonly file: string;
    readonly where: Where | null;
}

/** Places in shipped code are replaced by the place in the file from which it was called. */
export function problemsOf({ file, errors, scenarios }: FileResult): Problem[] {
    return [
        ...errors.map(
            ({ severity, code, message, where }): Problem => ({
                severity,
                rule: code,
                title: code,
                message,
                file,
                where,
            }),
        ),
        ...scenarios.flatMap(({ name, where: declared, failure, diagnoses }): Problem[] => [
            ...(failure && failure.kind !== 'diagnosis'
                ? [
                      {
                          severity: 'error' as const,
                          rule: failure.kind,
                          title: `scenario "${name}"`,
                          message: failure.message,
                          file,
                          where:
                              [failure.where, ...failure.stack.map((s) => s.where)].find((w) => w && !isShipped(w)) ??
                              declared,
                      },
                  ]
                : []),
            ...diagnoses
                .filter((d) => !d.expected)
                .map(
                    (d): Problem => ({
                        severity: d.severity,
                        rule: d.code,
                        title: `${d.code} in scenario "${name}"`,
                        message: `${d.message} ${d.advice}`,
                        file,
                        where: d.where && !isShipped(d.where) ? d.where : declared,
                    }),
                ),
        ]),
    ];
}

function isShipped(where: Where): boolean {
    return where.file.startsWith('std/');
}
