# test/lib/books.sh
#	What holds after every layer that moves money: nothing in the database breaks an invariant of the ledger, its
#	trial balance is even, and its seals hold. Sourced by test/run after tap.sh.

check_books() {
	local file=$out/books.$1
	psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$1" >"$file" 2>&1 <<-SQL || echo "the books could not be read" >>"$file"
		SELECT v.invariant, v.object, v.detail FROM skillancer.ledger_violation v;
		SELECT 'trial balance', skillancer.sum(t.balance) FROM skillancer.trial_balance t
		GROUP BY skillancer.monetary_currency(t.balance) HAVING skillancer.monetary_minor(skillancer.sum(t.balance)) <> 0;
		SELECT 'seal', s.bad_seal, s.problem FROM skillancer.ledger_verify() s WHERE s.problem IS NOT NULL;
	SQL
	if [ -s "$file" ]; then fail_one "the books of the database $1 are in order" "$file"; else pass_one; fi
}
