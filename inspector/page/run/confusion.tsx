import type { ConfusionAnswer } from '../../views/answers.js';
import { number, percent } from '../parts/figures.js';

/** More rows than this are too many to read: the numbers are left to the tooltips. */
const READABLE = 24;

/** What was taken for what: rows are the truth, columns what the model said. */
export function Confusion({ confusion: { labels, counts } }: { confusion: ConfusionAnswer }) {
  const rows = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const total = rows.reduce((sum, count) => sum + count, 0);
  const right = counts.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const dense = labels.length > READABLE;
  return (
    <>
      <p class="figure">
        {number(right)} of {number(total)} right, {percent(right, total)}. Rows are the truth,
        columns what the model said.
      </p>
      <div class="scroller">
        <table class={dense ? 'confusion dense' : 'confusion'}>
          <thead>
            <tr>
              <td />
              {labels.map((label) => (
                <th key={label} scope="col">
                  <span>{label}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {counts.map((row, truth) => (
              <tr key={labels[truth]}>
                <th scope="row">{labels[truth]}</th>
                {row.map((count, said) => {
                  const share = count / Math.max(1, rows[truth] ?? 0);
                  return (
                    <td
                      key={said}
                      class={said === truth ? 'right' : 'wrong'}
                      title={`${labels[truth] ?? ''} taken for ${labels[said] ?? ''}: ${count} (${percent(count, rows[truth] ?? 0)})`}
                      style={{ '--share': `${Math.round(100 * share)}%` }}
                    >
                      {dense || count === 0 ? '' : number(count)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
