-- A rule about everybody, always, needs no question: its predicate stands alone and an index can
-- answer it.

create or replace function authz_private.rule_gate(
    rule_id bigint,
    dimension authz.permission_dimension,
    tenant_id int,
    whitelist bigint [],
    valid_from timestamptz,
    valid_until timestamptz
)
returns text
language sql immutable security invoker parallel safe
begin atomic
    select case
        when rule_gate.dimension <> 'variable' or rule_gate.tenant_id is not null
            or rule_gate.whitelist <> '{}'
            or rule_gate.valid_from is not null or rule_gate.valid_until is not null
            then '(select authz.data_rule_applies(' || rule_gate.rule_id::text || '))'
    end;
end;

comment on function authz_private.rule_gate(
    bigint, authz.permission_dimension, int, bigint [], timestamptz, timestamptz
) is
    'SQL that tells whether a rule is about the user who is signed in; null where it always is.';
revoke all on function authz_private.rule_gate(
    bigint, authz.permission_dimension, int, bigint [], timestamptz, timestamptz
) from public;
