-- vector: what takes the place of pgvector's type where the server lacks it. Text of
-- the form [1,2,3] with the same casts, functions and operators, and without indexes.
-- PostgreSQL lets no function written in SQL read a type's input, so text is checked
-- where it is used or kept in a column with dimensions, and not before.

do $vector$
begin
  if exists (select from pg_available_extensions where name = 'vector') then
    return;
  end if;

  create type extensions.vector;
  create function extensions.vector_in(cstring) returns extensions.vector language internal immutable strict parallel safe as 'textin';
  create function extensions.vector_out(extensions.vector) returns cstring language internal immutable strict parallel safe as 'textout';
  create function extensions.vector_recv(internal) returns extensions.vector language internal stable strict parallel safe as 'textrecv';
  create function extensions.vector_send(extensions.vector) returns bytea language internal stable strict parallel safe as 'textsend';
  create function extensions.vector_typmod_in(cstring[]) returns integer language internal immutable strict parallel safe as 'varbittypmodin';
  create function extensions.vector_typmod_out(integer) returns cstring language internal immutable strict parallel safe as 'varbittypmodout';
  create type extensions.vector (
    input = extensions.vector_in, output = extensions.vector_out,
    receive = extensions.vector_recv, send = extensions.vector_send,
    typmod_in = extensions.vector_typmod_in, typmod_out = extensions.vector_typmod_out,
    like = text
  );
  create cast (extensions.vector as text) without function as assignment;
  create cast (text as extensions.vector) without function as assignment;

  -- Rounds as the arithmetic of C does, without an error: what is too big becomes
  -- infinite, and what is too small becomes zero.
  create function extensions.vector_real(x double precision) returns real
  language sql immutable strict parallel safe as $$
    select case
      when abs(x) >= 3.4028235677973366e38 then sign(x) * 'Infinity'::double precision
      when abs(x) <= 7.006492321624085e-46 then 0
      else x
    end::real
  $$;

  -- The numbers: 22P02 unless they are written as such, 22003 beyond the range of
  -- real, 22000 for none, for too many, and for what is not finite.
  create function extensions.vector_values(v extensions.vector) returns real[]
  language plpgsql immutable strict parallel safe set search_path = '' as $$
  declare
    text_ constant text := btrim(v::text, E' \t\n\r\v\f');
    items text[];
    numbers real[];
  begin
    if text_ !~ '^\[.*\]$' then
      raise exception 'invalid input syntax for type vector: "%"', left(text_, 50) using errcode = '22P02';
    end if;
    if btrim(substr(text_, 2, length(text_) - 2), E' \t\n\r\v\f') = '' then
      raise exception 'vector must have at least 1 dimension' using errcode = '22000';
    end if;
    items := string_to_array(substr(text_, 2, length(text_) - 2), ',');
    if text_ ~* 'e-0*(3[89]|[4-9][0-9]|[1-9][0-9]{2})' then
      -- What is too small for real is zero, as to pgvector, and no error.
      numbers := array(select extensions.vector_real(i::double precision) from unnest(items) with ordinality t (i, n) order by n);
    else
      numbers := items::real[];
    end if;
    if cardinality(numbers) > 16000 then
      raise exception 'vector cannot have more than 16000 dimensions' using errcode = '54000';
    end if;
    if numbers && '{NaN,Infinity,-Infinity}'::real[] then
      raise exception 'vector holds a number that is not finite' using errcode = '22000';
    end if;
    return numbers;
  end
  $$;

  -- Called by PostgreSQL when a value goes into a column with dimensions.
  create function extensions.vector(v extensions.vector, dimensions integer, explicit boolean) returns extensions.vector
  language plpgsql immutable strict parallel safe set search_path = '' as $$
  declare
    numbers constant real[] := extensions.vector_values(v);
  begin
    if dimensions <> -1 and cardinality(numbers) <> dimensions then
      raise exception 'expected % dimensions, not %', dimensions, cardinality(numbers) using errcode = '22000';
    end if;
    return translate(numbers::text, '{}', '[]')::extensions.vector;
  end
  $$;
  create cast (extensions.vector as extensions.vector) with function extensions.vector(extensions.vector, integer, boolean) as implicit;

  create function extensions.array_to_vector(a double precision[], dimensions integer, explicit boolean) returns extensions.vector
  language sql immutable strict parallel safe as $$ select extensions.vector(translate(a::text, '{}', '[]')::extensions.vector, dimensions, explicit) $$;
  create function extensions.array_to_vector(a real[], dimensions integer, explicit boolean) returns extensions.vector
  language sql immutable strict parallel safe as $$ select extensions.vector(translate(a::text, '{}', '[]')::extensions.vector, dimensions, explicit) $$;
  create cast (double precision[] as extensions.vector) with function extensions.array_to_vector(double precision[], integer, boolean) as assignment;
  create cast (real[] as extensions.vector) with function extensions.array_to_vector(real[], integer, boolean) as assignment;

  create function extensions.vector_dims(v extensions.vector) returns integer
  language sql immutable strict parallel safe as $$ select cardinality(extensions.vector_values(v)) $$;

  -- The products of two vectors with each other and with themselves, which are real
  -- to pgvector: those of huge numbers are infinite, those of tiny ones zero.
  create function extensions.vector_products(a extensions.vector, b extensions.vector, out ab double precision, out aa double precision, out bb double precision)
  language plpgsql immutable strict parallel safe set search_path = '' as $$
  declare
    x constant real[] := extensions.vector_values(a);
    y constant real[] := extensions.vector_values(b);
  begin
    if cardinality(x) <> cardinality(y) then
      raise exception 'different vector dimensions % and %', cardinality(x), cardinality(y) using errcode = '22000';
    end if;
    select extensions.vector_real(sum(p::double precision * q)), extensions.vector_real(sum(p::double precision * p)),
      extensions.vector_real(sum(q::double precision * q)) into ab, aa, bb
    from unnest(x, y) as t (p, q);
  end
  $$;
  create function extensions.inner_product(a extensions.vector, b extensions.vector) returns double precision
  language sql immutable strict parallel safe as $$ select p.ab from extensions.vector_products(a, b) p $$;
  create function extensions.vector_norm(v extensions.vector) returns double precision
  language sql immutable strict parallel safe as $$ select sqrt(p.aa) from extensions.vector_products(v, v) p $$;
  create function extensions.vector_negative_inner_product(a extensions.vector, b extensions.vector) returns double precision
  language sql immutable strict parallel safe as $$ select -p.ab from extensions.vector_products(a, b) p $$;
  create function extensions.cosine_distance(a extensions.vector, b extensions.vector) returns double precision
  language sql immutable strict parallel safe as $$
    select case
      when p.ab in ('Infinity', '-Infinity') then 'NaN'
      when p.aa = 0 or p.bb = 0 then case when p.ab = 0 or 'Infinity' in (p.aa, p.bb) then 'NaN' else 1 - sign(p.ab) end
      else 1 - least(greatest(p.ab / sqrt(p.aa * p.bb), -1), 1)
    end
    from extensions.vector_products(a, b) p
  $$;
  create function extensions.l2_distance(a extensions.vector, b extensions.vector) returns double precision
  language sql immutable strict parallel safe as $$
    select sqrt(greatest(0, p.aa - 2 * p.ab + p.bb)) from extensions.vector_products(a, b) p
  $$;

  create operator extensions.<=> (leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.cosine_distance, commutator = operator(extensions.<=>));
  create operator extensions.<-> (leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.l2_distance, commutator = operator(extensions.<->));
  create operator extensions.<#> (leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.vector_negative_inner_product, commutator = operator(extensions.<#>));
end
$vector$;
