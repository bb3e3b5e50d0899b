-- Written once for the check, the trigger and the first filling of a stored dataset.

create or replace function authz_private.reference_expression(
    row_name text,
    tenant_column name,
    tenant_id int,
    key text,
    column_name name,
    is_last boolean,
    code_column text
)
returns text
language sql stable security invoker parallel safe
begin atomic
    select format(
        '%s || %L || nullif(%s, '''')',
        coalesce(
            reference_expression.row_name || quote_ident(reference_expression.tenant_column)
            || '::text',
            quote_literal(reference_expression.tenant_id::text)
        ),
        ':' || reference_expression.key || ':',
        case
            when reference_expression.is_last then format(
                'left(%s%I::text, 201)', reference_expression.row_name,
                reference_expression.column_name
            )
            else reference_expression.row_name || quote_ident(reference_expression.code_column)
        end
    );
end;

comment on function authz_private.reference_expression(
    text, name, int, text, name, boolean, text
) is
    'SQL for the reference (authz_private.owner_references) that a row makes: null where it has no '
    'tenant or names nobody. A code of more than 200 characters is cut to 201, which no user has. '
    'row_name: prefix of the columns, such as new. with its dot.';
revoke all on function authz_private.reference_expression(
    text, name, int, text, name, boolean, text
) from public;
