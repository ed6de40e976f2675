/// FHIR's complex datatypes (R4 4.0.1 StructureDefinitions; the notation is `ElementTables`').
enum DatatypeTables {
    static let text = """
        Identifier@E use:=usual|official|temp|secondary|old type:CodeableConcept system:uri value:string period:Period
          assigner:Reference
        HumanName@E use:=usual|official|temp|nickname|anonymous|old|maiden text:string family:string given:string*
          prefix:string* suffix:string* period:Period
        Address@E use:=home|work|temp|old|billing type:=postal|physical|both text:string line:string* city:string
          district:string state:string postalCode:string country:string period:Period
        ContactPoint@E system:=phone|fax|email|pager|url|sms|other value:string use:=home|work|temp|old|mobile
          rank:positiveInt period:Period
        Coding@E system:uri version:string code:code display:string userSelected:boolean
        CodeableConcept@E coding:Coding* text:string
        Reference@E reference:string type:uri identifier:Identifier display:string
        Period@E start:dateTime end:dateTime
        Attachment@E contentType:code language:code data:base64Binary url:url size:unsignedInt hash:base64Binary
          title:string creation:dateTime
        Meta@E versionId:id lastUpdated:instant source:uri profile:canonical* security:Coding* tag:Coding*
        Narrative@E status:=generated|extensions|additional|empty! div:xhtml!
        Extension@E url:uri! value[x]:open
        Quantity@E value:decimal comparator:=<|<=|>=|> unit:string system:uri code:code
        Range@E low:Quantity high:Quantity
        Ratio@E numerator:Quantity denominator:Quantity
        Money@E value:decimal currency:code
        Annotation@E author[x]:Reference|string time:dateTime text:markdown!
        Signature@E type:Coding+ when:instant! who:Reference! onBehalfOf:Reference targetFormat:code sigFormat:code
          data:base64Binary
        SampledData@E origin:Quantity! period:decimal! factor:decimal lowerLimit:decimal upperLimit:decimal
          dimensions:positiveInt! data:string
        Timing@B event:dateTime* repeat:.Timing.repeat code:CodeableConcept
        Timing.repeat@E bounds[x]:Duration|Range|Period count:positiveInt countMax:positiveInt duration:decimal
          durationMax:decimal durationUnit:code frequency:positiveInt frequencyMax:positiveInt period:decimal
          periodMax:decimal periodUnit:code dayOfWeek:code* timeOfDay:time* when:code* offset:unsignedInt
        Dosage@B sequence:integer text:string additionalInstruction:CodeableConcept* patientInstruction:string
          timing:Timing asNeeded[x]:boolean|CodeableConcept site:CodeableConcept route:CodeableConcept
          method:CodeableConcept doseAndRate:.Dosage.doseAndRate* maxDosePerPeriod:Ratio
          maxDosePerAdministration:Quantity maxDosePerLifetime:Quantity
        Dosage.doseAndRate@E type:CodeableConcept dose[x]:Range|Quantity rate[x]:Ratio|Range|Quantity
        ContactDetail@E name:string telecom:ContactPoint*
        Contributor@E type:code! name:string! contact:ContactDetail*
        DataRequirement@E type:code! profile:canonical* subject[x]:CodeableConcept|Reference mustSupport:string*
          codeFilter:.DataRequirement.codeFilter* dateFilter:.DataRequirement.dateFilter* limit:positiveInt
          sort:.DataRequirement.sort*
        DataRequirement.codeFilter@E path:string searchParam:string valueSet:canonical code:Coding*
        DataRequirement.dateFilter@E path:string searchParam:string value[x]:dateTime|Period|Duration
        DataRequirement.sort@E path:string! direction:code!
        Expression@E description:string name:id language:code! expression:string reference:uri
        ParameterDefinition@E name:code use:code! min:integer max:string documentation:string type:code!
          profile:canonical
        RelatedArtifact@E type:code! label:string display:string citation:markdown url:url document:Attachment
          resource:canonical
        TriggerDefinition@E type:code! name:string timing[x]:Timing|Reference|date|dateTime data:DataRequirement*
          condition:Expression
        UsageContext@E code:Coding! value[x]:CodeableConcept|Quantity|Range|Reference!
        """
}
